package rule_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// The tables' nodes are s1, s2, … with incarnations i1, i2, … at 192.0.2.1 and
// so on. The one that decides is s9; it is told to want one server, and the
// store's clock reads epoch.

// situation is what a node that decides has before it, and what the rule must want.
type situation struct {
	name            string
	self            rule.Self
	policy          rule.Policy
	rec             *rule.Record
	servers, agents []registry.Member
	expired         []string
	recordOnly      bool
	beatsSooner     bool // the heartbeats were not read after the record was
	evidence        rule.Evidence
	candidate       *rule.Candidacy // what it knows that may take a place while it runs
	want            string          // the action, as showAction has it
	kept            string          // with a decision: what the data directory remembers
}

// input returns what the rule is asked with.
func (s situation) input() rule.Input {
	in := rule.Input{Self: s.self, Policy: s.policy, Evidence: s.evidence, Candidate: s.candidate}
	in.Self.Node, in.Self.Address, in.Self.Incarnation = "s9", "192.0.2.9", "i9"
	in.Policy.Desired = max(1, in.Policy.Desired)
	in.Policy.Expiry, in.Policy.StartOver = expiry, "START OVER"
	in.Policy.Restore, in.Policy.Retry, in.Policy.Remove = "RESTORE", "RETRY", "REMOVE "
	if in.Snapshots == nil {
		in.Snapshots = map[string][]registry.ConsulSnapshot{"c1": nil} // there are none
	}
	if in.Policy.Birth == "" {
		in.Policy.Birth = rule.First
	}
	if in.Policy.Lost == "" {
		in.Policy.Lost = rule.LostAuto
	}
	in.Seen = rule.Observation{Record: s.rec, RecordOnly: s.recordOnly, HeartbeatsLater: !s.beatsSooner && !s.recordOnly}
	in.Seen.Time, in.Seen.Expired = epoch, s.expired
	in.Seen.Live = map[registry.Role][]registry.Member{registry.Servers: s.servers, registry.Agents: s.agents}
	in.New = rule.NewIDs{ClusterID: "new", Write: "mine"}
	return in
}

// silent returns the evidence that incarnations were watched in silence for so long.
func silent(d time.Duration, keys ...string) rule.Evidence {
	e := rule.Evidence{SilentFor: map[string]time.Duration{}}
	for _, key := range keys {
		e.SilentFor[key] = d
	}
	return e
}

// nobodyAt adds to evidence that nobody has answered at some addresses for so long.
func nobodyAt(e rule.Evidence, d time.Duration, addresses ...string) rule.Evidence {
	e.Answers, e.UnansweredFor = map[string]bool{}, map[string]time.Duration{}
	for _, a := range addresses {
		e.Answers[a], e.UnansweredFor[a] = false, d
	}
	return e
}

// somebodyAt adds to evidence that somebody answers at an address.
func somebodyAt(e rule.Evidence, address string) rule.Evidence {
	e.Answers = map[string]bool{address: true}
	return e
}

// checkDecisions asks the rule in each situation.
func checkDecisions(t *testing.T, situations []situation) {
	t.Helper()
	for _, tt := range situations {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := tt.input()
			before := flat(t, in)
			got := rule.Decide(in)
			if text := showAction(got); text != tt.want {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
			if tt.kept != "" && got.Decision != nil {
				k := got.Decision.Membership
				if text := fmt.Sprintf("%s term %d of %d, open %t", k.ClusterID, k.Term, k.Desired, k.Open); text != tt.kept {
					t.Errorf("got kept %s, want %s", text, tt.kept)
				}
			}
			checkAction(t, in, got)
			if again := rule.Decide(in); !reflect.DeepEqual(got, again) {
				t.Errorf("asked again: got %s, want %s", showAction(again), showAction(got))
			}
			if after := flat(t, in); after != before {
				t.Errorf("the rule changed what it was shown: got %s, want %s", after, before)
			}
		})
	}
}

// flat returns a value as JSON.
func flat(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkAction checks what holds of every action.
func checkAction(t *testing.T, in rule.Input, a rule.Action) {
	t.Helper()
	wants := 0
	for _, set := range []bool{a.Decision != nil, a.Swap != nil, a.Probe != nil, a.ReadHeartbeats, a.ListSnapshots != "", a.Wait != "", a.Err != nil} {
		if set {
			wants++
		}
	}
	if wants != 1 {
		t.Errorf("got an action that wants %d things, want 1: %+v", wants, a)
	}
	if d := a.Decision; d != nil {
		if slices.Contains(d.Join, in.Self.Address) || len(d.Join) > rule.MaxJoin {
			t.Errorf("got %q to join", d.Join)
		}
		if d.Mode == registry.Client && (d.Bootstrap || d.Expect > 0) || d.Bootstrap && d.Expect > 0 || d.Reason == "" {
			t.Errorf("got decision %+v", *d)
		}
	}
	if a.Swap == nil {
		return
	}
	body, err := a.Swap.Encode()
	if err == nil {
		_, err = rule.DecodeRecord(body)
	}
	seq := int64(1)
	if in.Seen.Record != nil {
		seq = in.Seen.Record.Seq + 1
	}
	if err != nil || a.Swap.Seq != seq || a.Swap.Write != "mine" || a.Why == "" {
		t.Errorf("got seq %d, write %q, why %q, %v; want seq %d, a write of its own and a reason", a.Swap.Seq, a.Swap.Write, a.Why, err, seq)
	}
}

// showAction returns an action in one line.
func showAction(a rule.Action) string {
	switch {
	case a.Err != nil:
		return a.Err.Error()
	case a.Decision != nil:
		return showDecision(*a.Decision)
	case a.Swap != nil:
		text := "swap " + showRecord(*a.Swap) + "; " + a.Why
		if a.Proof != nil {
			text += " (" + strings.Join(a.Proof, "; ") + ")"
		}
		return text
	case a.Probe != nil:
		return "probe " + strings.Join(a.Probe, " ")
	case a.ReadHeartbeats:
		return "read the heartbeats"
	case a.ListSnapshots != "":
		return "list the snapshots of " + a.ListSnapshots
	case a.Watch != nil:
		return "wait " + a.Wait + ", watching " + strings.Join(a.Watch, " ")
	}
	return "wait " + a.Wait
}
