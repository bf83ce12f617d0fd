package node

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// While all is well a beat is one reading of the record and one write for each role
// (R7, R29): nobody is listed, nobody is joined, and nothing is said.
func TestLifeIsQuiet(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status Status
		puts   int
	}{
		"server": {led(), 2},
		"client": {Status{Node: "s1", Address: "192.0.2.1", Members: 4, KnownServers: 3}, 1},
	} {
		lifetime(t, tt.status, func(t *testing.T, b *beating) {
			b.record(rule.Established, nil)
			if err := b.run(90 * time.Second); err != nil {
				t.Fatal(err)
			}
			b.wantSent("get", "", 2)
			b.wantSent("put", "", 2*tt.puts)
			b.wantSent("list", "", 0)
			b.wantSent("delete", "", 0)
			if len(b.joined) > 0 {
				t.Errorf("%s: got %q joined, want nobody", name, b.joined)
			}
			b.says()
		})
	}
}

// An agent that is not running is no news for two seconds, then it is once. The first
// beat follows as soon as it runs.
func TestLifeBeforeTheAgent(t *testing.T) {
	t.Parallel()
	for absence, lines := range map[time.Duration][]string{
		1500 * time.Millisecond: {},
		time.Minute:             {"the Consul agent is not running; the first beat follows as soon as it does"},
	} {
		lifetime(t, led(), func(t *testing.T, b *beating) {
			b.record(rule.Established, nil)
			b.absent = ErrNotRunning
			if err := b.run(absence); err != nil {
				t.Fatal(err)
			}
			b.wantSent("put", "", 0)
			b.says(lines...)
			b.set(func() { b.absent = nil })
			if err := b.run(time.Second); err != nil {
				t.Fatal(err)
			}
			b.wantSent("put", "servers/", 1)
		})
	}
}

// A server that has found no cluster beats as a client (R31), looks often, and is joined
// to who holds slots, too: each again after five seconds only (R41). When it has found
// the cluster the held beat follows at once, and the record says so (R32).
func TestLifeDuringABirth(t *testing.T) {
	t.Parallel()
	lifetime(t, blank(), func(t *testing.T, b *beating) {
		b.record(rule.Bootstrapping, nil)
		b.joinable = []string{"192.0.2.2"}
		if err := b.run(4 * time.Second); err != nil {
			t.Fatal(err)
		}
		b.wantSent("put", "servers/", 0)
		b.wantSent("put", "agents/", 1)
		if looks := b.sent("get", ""); looks < 10 || looks > 17 {
			t.Errorf("got %d readings of the record in four seconds, want one every quarter", looks)
		}
		if got := b.joined; !slices.Equal(got, b.joinable) {
			t.Errorf("got %q joined in four seconds, want %q", got, b.joinable)
		}
		b.says()
		b.set(func() { b.status = led() })
		if err := b.run(time.Second); err != nil {
			t.Fatal(err)
		}
		b.wantSent("put", "servers/", 1)
		b.says("wrote the cluster record: the cluster has a leader")
	})
}

// Of looks that fail one after another the first is reported, of beats each. A server
// that could not beat for an expiry looks every two seconds (R35), and ends where it was
// given up meanwhile (R30).
func TestLifeWithoutTheStore(t *testing.T) {
	t.Parallel()
	lifetime(t, led(), func(t *testing.T, b *beating) {
		b.record(rule.Established, nil)
		if err := b.run(time.Second); err != nil {
			t.Fatal(err)
		}
		b.srv.Deny(storetest.Op("get"))
		if err := b.run(2*time.Minute - 2*time.Second); err != nil {
			t.Fatal(err)
		}
		b.says("access denied (AccessDenied); next beat in 59s", "access denied (AccessDenied); next beat in 1m0s")
		b.srv.Forget()
		if err := b.run(20 * time.Second); err != nil {
			t.Fatal(err)
		}
		if looks := b.sent("get", ""); looks < 9 || looks > 11 {
			t.Errorf("got %d looks in 20 s of silence, want one every two", looks)
		}
		b.says("next look in 2s")
		b.srv.Deny(nil)
		b.record(rule.Established, func(r *rule.Record) { r.ClusterID = "c2" })
		if err := b.run(10 * time.Second); !errors.Is(err, rule.ErrFenced) {
			t.Errorf("got %v, want an end as fenced", err)
		}
		b.wantSent("put", "", 0)
	})
}

// An agent that stays alone is joined to the members of now after 5, 10, 20 and 40 s
// and then at every tick (R41), never to itself, and only its own status ends that.
func TestLifeAlone(t *testing.T) {
	t.Parallel()
	lonely := led()
	lonely.Leader, lonely.Members = "", 1
	lifetime(t, lonely, func(t *testing.T, b *beating) {
		b.record(rule.Established, nil)
		if _, err := b.Observer.Registry.Beat(t.Context(), "s3", "192.0.2.3", time.Now(), registry.Servers); err != nil {
			t.Fatal(err)
		}
		const vain = "warning: the agent is alone, and nobody could be joined at 192.0.2.3, 192.0.2.2"
		ended := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { ended <- b.Run(ctx) }()
		for _, step := range []struct {
			after time.Duration
			said  []string
		}{
			{4 * time.Second, nil},
			{2 * time.Second, []string{vain}}, // after 5 s
			{8 * time.Second, nil},
			{2 * time.Second, []string{vain}}, // 15
			{18 * time.Second, nil},
			{2 * time.Second, []string{vain}}, // 35
			{38 * time.Second, nil},
			{2 * time.Second, []string{vain}}, // 75
		} {
			time.Sleep(step.after)
			b.says(step.said...)
		}
		if slices.Contains(b.joined, "192.0.2.1") || len(b.joined) != 8 {
			t.Errorf("got %q joined, want two others four times", b.joined)
		}
		b.set(func() { b.joinable = []string{"192.0.2.2"} }) // the heartbeat of the other has expired
		time.Sleep(time.Minute)
		b.says("the agent is alone; it has joined 192.0.2.2")
		b.set(func() { b.status = led() })
		time.Sleep(testTicks)
		b.says("the agent has found a leader")
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A token that may not join is named; a registry that does not answer, too.
func TestLifeAloneAndDenied(t *testing.T) {
	t.Parallel()
	lifetime(t, Status{Node: "s1", Address: "192.0.2.1", Members: 1}, func(t *testing.T, b *beating) {
		b.record(rule.Established, nil)
		b.denied = true
		if err := b.run(6 * time.Second); err != nil {
			t.Fatal(err)
		}
		b.says("warning: the agent is alone: join 192.0.2.2: " + ErrNoPermission.Error())
		b.srv.Deny(storetest.Op("list"))
		if err := b.run(10 * time.Second); err != nil {
			t.Fatal(err)
		}
		b.says("warning: the agent is alone, and the registry does not say whom to join: list s3://b/r/")
	})
}
