package rule_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// The tables' nodes are s1, s2, … with incarnations i1, i2, … at 192.0.2.1 and
// so on. The one that decides is s9; it is told to want one server, and the
// store's clock reads epoch.

// situation is a case of the rule and what it must want.
type situation struct {
	name            string
	self            rule.Self
	policy          rule.Policy
	rec             *rule.Record
	servers, agents []registry.Member
	expired         []string
	recordOnly      bool
	beatsSooner     bool // the heartbeats were not read after the record
	evidence        rule.Evidence
	want            string // the step, as show shows it
	kept            string // with a verdict: what the data directory remembers
}

func (s situation) asCase() rule.Input {
	c := rule.Input{Self: s.self, Policy: s.policy, Evidence: s.evidence}
	c.Self.Node, c.Self.Address, c.Self.Incarnation = "s9", "192.0.2.9", "i9"
	c.Policy.Desired = max(1, c.Policy.Desired)
	c.Policy.Expiry, c.Policy.StartOver = expiry, "START OVER"
	if c.Policy.Birth == "" {
		c.Policy.Birth = rule.First
	}
	if c.Policy.Lost == "" {
		c.Policy.Lost = rule.LostAuto
	}
	c.Seen = rule.Observation{Record: s.rec, RecordOnly: s.recordOnly, HeartbeatsLater: !s.beatsSooner && !s.recordOnly}
	c.Seen.Time, c.Seen.Expired = epoch, s.expired
	c.Seen.Live = map[registry.Role][]registry.Member{registry.Servers: s.servers, registry.Agents: s.agents}
	c.New = rule.NewIDs{ClusterID: "new", Write: "mine"}
	return c
}

// runCases asks the rule in each situation.
func runCases(t *testing.T, cases []situation) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := tt.asCase()
			before := flat(t, c)
			got := rule.Decide(c)
			if text := show(got); text != tt.want {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
			if tt.kept != "" && got.Decision != nil {
				k := got.Decision.Membership
				if text := fmt.Sprintf("%s term %d of %d, open %t", k.ClusterID, k.Term, k.Desired, k.Open); text != tt.kept {
					t.Errorf("got kept %s, want %s", text, tt.kept)
				}
			}
			checkStep(t, c, got)
			if again := rule.Decide(c); !reflect.DeepEqual(got, again) {
				t.Errorf("asked again: got %s, want %s", show(again), show(got))
			}
			if after := flat(t, c); after != before {
				t.Errorf("the rule changed what it was shown: got %s, want %s", after, before)
			}
		})
	}
}

func flat(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkStep is what holds of every step.
func checkStep(t *testing.T, c rule.Input, s rule.Action) {
	t.Helper()
	wants := 0
	for _, is := range []bool{s.Decision != nil, s.Swap != nil, s.Probe != nil, s.ReadHeartbeats, s.Wait != "", s.Err != nil} {
		if is {
			wants++
		}
	}
	if wants != 1 {
		t.Errorf("got %d wishes in one step, want 1: %+v", wants, s)
	}
	if v := s.Decision; v != nil {
		if slices.Contains(v.Join, c.Self.Address) || len(v.Join) > rule.MaxJoin {
			t.Errorf("got %q to join", v.Join)
		}
		if v.Mode == registry.Client && (v.Bootstrap || v.Expect > 0) || v.Bootstrap && v.Expect > 0 || v.Reason == "" {
			t.Errorf("got verdict %+v", *v)
		}
	}
	if s.Swap == nil {
		return
	}
	body, err := s.Swap.Encode()
	if err == nil {
		_, err = rule.DecodeRecord(body)
	}
	seq := int64(1)
	if c.Seen.Record != nil {
		seq = c.Seen.Record.Seq + 1
	}
	if err != nil || s.Swap.Seq != seq || s.Swap.Write != "mine" || s.Why == "" {
		t.Errorf("got seq %d, write %q, why %q, %v; want seq %d, a write of its own and a reason", s.Swap.Seq, s.Swap.Write, s.Why, err, seq)
	}
}

// show is a step in one line.
func show(s rule.Action) string {
	switch {
	case s.Err != nil:
		return s.Err.Error()
	case s.Decision != nil:
		return showDecision(*s.Decision)
	case s.Swap != nil:
		text := "swap " + showRecord(*s.Swap) + "; " + s.Why
		if s.Evidence != nil {
			text += " (" + strings.Join(s.Evidence, "; ") + ")"
		}
		return text
	case s.Probe != nil:
		return "probe " + strings.Join(s.Probe, " ")
	case s.ReadHeartbeats:
		return "more"
	case s.Watch != nil:
		return "wait " + s.Wait + ", watching " + strings.Join(s.Watch, " ")
	}
	return "wait " + s.Wait
}
