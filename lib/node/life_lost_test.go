package node

import (
	"context"
	"testing"
	"time"

	"auto-consul/lib/rule"
)

// A client that knows no server decides again an expiry and the grace later, if its cluster
// is lost and the operator wants another in its place (R22). Each of the others is a control:
// it runs on.
func TestClientOfALostCluster(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(b *beating, r *rule.Record)
		ends   bool
	}{
		"to be restored":        {func(*beating, *rule.Record) {}, true},
		"to be started over":    {func(b *beating, _ *rule.Record) { b.Lost = rule.LostBootstrap }, true},
		"nobody has said":       {func(b *beating, _ *rule.Record) { b.Lost = rule.LostAuto }, false},
		"of one, nor there":     {func(b *beating, r *rule.Record) { b.Lost, r.Desired = rule.LostAuto, 1 }, false},
		"to be waited for":      {func(b *beating, _ *rule.Record) { b.Lost = rule.LostWait }, false},
		"whose mode was set":    {func(b *beating, _ *rule.Record) { b.membership.Open = false }, false},
		"that is not eligible":  {func(b *beating, _ *rule.Record) { b.Eligible = false }, false},
		"whose server beats":    {func(b *beating, _ *rule.Record) { go beatAs(b.t.Context(), b.Observer.Registry, "s1") }, false},
		"that knows its server": {func(b *beating, _ *rule.Record) { b.status.KnownServers = 1 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lifetime(t, Status{Node: "a1", Address: "192.0.2.9", Members: 1}, func(t *testing.T, b *beating) {
				b.incarnation, b.membership.Open, b.Eligible, b.Lost = "i9", true, true, rule.LostRestore
				b.Answers = func(context.Context, string) bool { return false }
				b.record(rule.Established, func(r *rule.Record) {
					r.Servers = r.Servers[:1]
					tt.change(b, r)
				})
				if !tt.ends {
					b.runs(2*firstLook + time.Minute)
					return
				}
				if after := b.ends("all servers of its cluster are lost"); after < firstLook || after > firstLook+time.Minute {
					t.Errorf("got its end after %v, want %v", after, firstLook)
				}
			})
		})
	}
}
