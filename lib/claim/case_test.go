package claim_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// The tables' nodes are s1, s2, … with incarnations i1, i2, … at 192.0.2.1 and
// so on. The one that decides is s9; it is told to want one server, and the
// store's clock reads epoch.

// slot is node n's, claimed so long ago.
func slot(n int, age time.Duration) claim.Slot {
	return claim.Slot{
		Incarnation: fmt.Sprintf("i%d", n), Node: fmt.Sprintf("s%d", n), Address: fmt.Sprintf("192.0.2.%d", n),
		Since: epoch.Add(-age),
	}
}

// rec is a record of cluster c1 in term 1. Who holds the first slot bootstraps
// it or has.
func rec(state claim.State, desired int, slots ...claim.Slot) *claim.Record {
	r := &claim.Record{
		Version: 1, Seq: 7, Write: "before", ClusterID: "c1", State: state, Birth: claim.First, Desired: desired,
		Bootstrap: claim.Bootstrap{Incarnation: "i1", Node: "s1", Address: "192.0.2.1", Term: 1, Since: epoch.Add(-time.Hour)},
		Servers:   slots,
	}
	if len(slots) > 0 {
		s := slots[0]
		r.Bootstrap = claim.Bootstrap{Incarnation: s.Incarnation, Node: s.Node, Address: s.Address, Term: 1, Since: s.Since}
	}
	return r
}

// with changes a record.
func with(r *claim.Record, change func(*claim.Record)) *claim.Record {
	change(r)
	return r
}

// beats is a node whose heartbeats are so old.
func beats(n int, ages ...time.Duration) registry.Member {
	s := slot(n, 0)
	return registry.Member{
		Node: s.Node, Address: s.Address,
		Heartbeat: epoch.Add(-slices.Min(ages)), Oldest: epoch.Add(-slices.Max(ages)),
	}
}

// situation is a case of the rule and what it must want.
type situation struct {
	name            string
	self            claim.Self
	policy          claim.Policy
	rec             *claim.Record
	servers, agents []registry.Member
	expired         []string
	recordOnly      bool
	beatsSooner     bool // the heartbeats were not read after the record
	evidence        claim.Evidence
	want            string // the step, as show shows it
	kept            string // with a verdict: what the data directory remembers
}

func (s situation) asCase() claim.Case {
	c := claim.Case{Self: s.self, Policy: s.policy, Evidence: s.evidence}
	c.Self.Node, c.Self.Address, c.Self.Incarnation = "s9", "192.0.2.9", "i9"
	c.Policy.Desired = max(1, c.Policy.Desired)
	c.Policy.Expiry, c.Policy.StartOver = expiry, "START OVER"
	if c.Policy.Birth == "" {
		c.Policy.Birth = claim.First
	}
	if c.Policy.Lost == "" {
		c.Policy.Lost = claim.LostAuto
	}
	c.Look = claim.Look{Record: s.rec, RecordOnly: s.recordOnly, BeatsLater: !s.beatsSooner && !s.recordOnly}
	c.Look.Time, c.Look.Expired = epoch, s.expired
	c.Look.Live = map[registry.Role][]registry.Member{registry.Servers: s.servers, registry.Agents: s.agents}
	c.Random = claim.Random{ClusterID: "new", Write: "mine"}
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
			got := claim.Decide(c)
			if text := show(got); text != tt.want {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
			if tt.kept != "" && got.Verdict != nil {
				k := got.Verdict.Kept
				if text := fmt.Sprintf("%s term %d of %d, open %t", k.ClusterID, k.Term, k.Desired, k.Open); text != tt.kept {
					t.Errorf("got kept %s, want %s", text, tt.kept)
				}
			}
			checkStep(t, c, got)
			if again := claim.Decide(c); !reflect.DeepEqual(got, again) {
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
func checkStep(t *testing.T, c claim.Case, s claim.Step) {
	t.Helper()
	wants := 0
	for _, is := range []bool{s.Verdict != nil, s.Swap != nil, s.Probe != nil, s.More, s.Wait != "", s.Err != nil} {
		if is {
			wants++
		}
	}
	if wants != 1 {
		t.Errorf("got %d wishes in one step, want 1: %+v", wants, s)
	}
	if v := s.Verdict; v != nil {
		if slices.Contains(v.Join, c.Self.Address) || len(v.Join) > claim.MaxJoin {
			t.Errorf("got %q to join", v.Join)
		}
		if v.Mode == wire.Agent && (v.Bootstrap || v.Expect > 0) || v.Bootstrap && v.Expect > 0 || v.Reason == "" {
			t.Errorf("got verdict %+v", *v)
		}
	}
	if s.Swap == nil {
		return
	}
	body, err := s.Swap.Encode()
	if err == nil {
		_, err = claim.DecodeRecord(body)
	}
	seq := int64(1)
	if c.Look.Record != nil {
		seq = c.Look.Record.Seq + 1
	}
	if err != nil || s.Swap.Seq != seq || s.Swap.Write != "mine" || s.Why == "" {
		t.Errorf("got seq %d, write %q, why %q, %v; want seq %d, a write of its own and a reason", s.Swap.Seq, s.Swap.Write, s.Why, err, seq)
	}
}

// show is a step in one line.
func show(s claim.Step) string {
	switch {
	case s.Err != nil:
		return s.Err.Error()
	case s.Verdict != nil:
		return showVerdict(*s.Verdict)
	case s.Swap != nil:
		text := "swap " + showRecord(*s.Swap) + "; " + s.Why
		if s.Evidence != nil {
			text += " (" + strings.Join(s.Evidence, "; ") + ")"
		}
		return text
	case s.Probe != nil:
		return "probe " + strings.Join(s.Probe, " ")
	case s.More:
		return "more"
	case s.Watch != nil:
		return "wait " + s.Wait + ", watching " + strings.Join(s.Watch, " ")
	}
	return "wait " + s.Wait
}

func showVerdict(v claim.Verdict) string {
	text := v.Mode
	if v.Bootstrap {
		text += " bootstrap"
	}
	if v.Expect > 0 {
		text += fmt.Sprintf(" expect %d", v.Expect)
	}
	text += fmt.Sprintf(" join %v held %v of %d; %s", v.Join, v.Held, v.Desired, v.Reason)
	for _, note := range v.Notes {
		text += "; note: " + note
	}
	return text
}

// showRecord marks the slots that were claimed just now with a star.
func showRecord(r claim.Record) string {
	text := fmt.Sprintf("%s %s term %d by %s of %d:", r.ClusterID, r.State, r.Bootstrap.Term, who(r.Bootstrap.Incarnation, r.Bootstrap.Node, r.Bootstrap.Address), r.Desired)
	for _, s := range r.Servers {
		text += " " + who(s.Incarnation, s.Node, s.Address)
		if s.Since.Equal(epoch) {
			text += "*"
		}
	}
	return text
}

// who is an incarnation, with its node and address unless they are those of its
// number.
func who(incarnation, node, address string) string {
	switch n := strings.TrimPrefix(incarnation, "i"); {
	case incarnation == "" && node == "" && address == "":
		return "nobody"
	case node == "s"+n && address == "192.0.2."+n:
		return incarnation
	}
	return incarnation + "=" + node + "@" + address
}

// told is the note of a node that wants one server where there are to be others.
func told(desired int) string {
	return fmt.Sprintf("; note: the cluster record says %d servers and this node was told 1: the record rules; -resize changes it once the cluster has a leader", desired)
}
