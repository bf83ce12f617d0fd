package rule_test

import (
	"strings"
	"testing"
	"time"

	"auto-consul/lib/rule"
)

// What a record can make of a client whose gossip knows some servers (R48, R49). Whoever
// writes records decides how many servers there should be. Whether a server lives, the
// gossip says, too.
func TestForgedRecordAndClient(t *testing.T) {
	t.Parallel()
	three := func(desired int, slots ...int) *rule.Record {
		r := rec(rule.Established, desired)
		for _, n := range slots {
			r.Servers = append(r.Servers, slot(n, time.Hour))
		}
		return r
	}
	marked := three(3, 1, 2)
	marked.Leaving = &rule.Leaving{Incarnation: "i3", Node: "s3", Since: epoch}
	for _, tt := range []struct {
		name    string
		record  *rule.Record
		servers []string // whom the gossip knows
		want    string
	}{
		{"more servers are desired", three(4, 1, 2, 3), []string{"s1", "s2", "s3"}, "swap"},
		{"a living server's slot is gone", three(3, 1, 2), []string{"s1", "s2", "s3"}, "its gossip knows 3 servers"},
		{"a dead server's slot is gone", three(3, 1, 2), []string{"s1", "s2"}, "swap"},
		{"all slots are those of other servers", three(3, 7, 8), []string{"s1", "s2"}, "its gossip knows none of the servers that hold slots"},
		{"a server is marked as one that leaves", marked, []string{"s1", "s2"}, "s3 steps down"},
	} {
		s := situation{rec: tt.record}
		for n := range 3 {
			if tt.record.SlotOf(slot(n+1, 0).Incarnation) != nil {
				s.servers = append(s.servers, beats(n+1, time.Second))
			}
		}
		in := s.input()
		in.Candidate = &rule.Candidacy{Grace: expiry, Servers: tt.servers, FewFor: 2 * expiry}
		got := rule.Decide(in)
		text := "swap"
		if got.Decision != nil {
			text = got.Decision.Reason
		}
		if (got.Swap == nil) == (tt.want == "swap") || !strings.HasPrefix(text, tt.want) {
			t.Errorf("%s: got %+v, want %s", tt.name, got, tt.want)
		}
	}
}

// What a record can make of a running server (R50, R51). Whoever writes records decides
// how many servers there should be, and Consul says who votes and lives.
func TestForgedRecordAndServer(t *testing.T) {
	t.Parallel()
	held := slot(9, time.Hour)
	held.Promoted = epoch.Add(-time.Hour)
	fewer := rec(rule.Established, 1, slot(1, time.Hour))
	for _, tt := range []struct {
		name   string
		record *rule.Record
		change func(*rule.Running)
		want   string
	}{
		{"fewer servers are desired", fewer, func(*rule.Running) {}, "all 1 places are others'"},
		{"it is not eligible", fewer, func(r *rule.Running) { r.Eligible = false }, ""},
		{"the operator set its mode", fewer, func(r *rule.Running) { r.Self.Membership.Open = false }, ""},
		{"its slot is dated back, and it does not vote", rec(rule.Established, 1, held), func(r *rule.Running) { r.Voter = false }, "it does not vote"},
		{"its slot is dated back, and it votes", rec(rule.Established, 1, held), func(*rule.Running) {}, ""},
	} {
		r := running{kept: rule.Membership{ClusterID: "c1", Term: 1, Open: true}, rec: tt.record, leader: true, raft: true, lastBeat: time.Second}.input()
		r.Eligible, r.Voter, r.NoVoteFor = true, true, time.Hour
		tt.change(&r)
		got, err := rule.Serve(r)
		if err != nil || !strings.HasPrefix(got.StepDown, tt.want) || (tt.want == "") != (got.StepDown == "") {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got.StepDown, err, tt.want)
		}
	}
	for _, tt := range []struct {
		name   string
		voters map[string]bool
		want   string
	}{
		{"all others live", map[string]bool{"s1": true, "s2": true, "s9": true}, ""},
		{"half of the others would live", map[string]bool{"s1": true, "s2": false, "s9": true}, "1 voters would be left alive, and 2 are needed"},
		{"the slot's server does not vote", map[string]bool{"s2": true, "s3": true, "s9": true}, "s1 holds a slot and does not vote, or does not live"},
	} {
		if got := rule.WhyNotLeave(*fewer, "s9", tt.voters); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
