package rule_test

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/rule"
)

// A server without a slot leaves a cluster that can spare it: every slot's server lives
// and votes, as many voters as desired are left alive, and as many more than a quorum as
// half of the desired (R50).
func TestWhyNotLeave(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		desired, silent, more int // voters beside those desired and the one that leaves
		dead                  int // of those beside
		want                  string
	}{
		{desired: 1},
		{desired: 1, more: 1},
		{desired: 1, more: 1, dead: 1, want: "1 voters would be left alive, and 2 are needed"},
		{desired: 1, more: 2, dead: 1},
		{desired: 2},
		{desired: 2, more: 1, dead: 1},
		{desired: 2, more: 2, dead: 2, want: "2 voters would be left alive, and 3 are needed"},
		{desired: 3},
		{desired: 3, more: 1, dead: 1, want: "3 voters would be left alive, and 4 are needed"},
		{desired: 3, more: 2, dead: 1},
		{desired: 3, more: 2, dead: 2, want: "3 voters would be left alive, and 4 are needed"},
		{desired: 5},
		{desired: 5, more: 1, dead: 1, want: "5 voters would be left alive, and 6 are needed"},
		{desired: 5, more: 2, dead: 1},
		{desired: 3, silent: 1, want: "s1 holds a slot and does not vote, or does not live"},
		{desired: 3, silent: 1, more: 3, want: "s1 holds a slot and does not vote, or does not live"},
	} {
		record, voters := rec(rule.Established, tt.desired), map[string]bool{"s99": true}
		for n := range tt.desired {
			record.Servers = append(record.Servers, slot(n+1, time.Hour))
			voters[slot(n+1, 0).Node] = n >= tt.silent
		}
		for n := range tt.more {
			voters[fmt.Sprintf("x%d", n)] = n >= tt.dead
		}
		if got := rule.WhyNotLeave(*record, "s99", voters); got != tt.want {
			t.Errorf("%+v: got %q", tt, got)
		}
		// Whether the one that leaves votes or lives makes no difference.
		without := maps.Clone(voters)
		delete(without, "s99")
		if got := rule.WhyNotLeave(*record, "s99", without); got != tt.want {
			t.Errorf("%+v without a vote: got %q", tt, got)
		}
		if tt.silent > 0 {
			delete(voters, "s1")
			if got := rule.WhyNotLeave(*record, "s99", voters); got != tt.want {
				t.Errorf("%+v and no vote: got %q", tt, got)
			}
		}
	}
	// Without all slots taken as many must be left as desired.
	fewer := rec(rule.Established, 2, slot(1, time.Hour))
	if got, want := rule.WhyNotLeave(*fewer, "s9", map[string]bool{"s1": true, "s9": true}), "1 voters would be left alive, and 2 are needed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A server that leaves takes its slot and its mark out of the record, and nothing of
// another's (R38, R50).
func TestGiveBack(t *testing.T) {
	t.Parallel()
	own := func() *rule.Record { return rec(rule.Established, 3, slot(1, 0), slot(2, 0), promoted(9, 0, 0)) }
	for _, tt := range []struct {
		name string
		rec  *rule.Record
		want string
	}{
		{"a slot", own(), "c1 established term 1 by i1 of 3: i1* i2*"},
		{"a mark", leaving(full(), 9, 0), "c1 established term 1 by i1 of 2: i1 i2"},
		{"a slot and a mark", leaving(own(), 9, time.Hour), "c1 established term 1 by i1 of 3: i1* i2*"},
		{"a slot beside another's mark", leaving(own(), 4, 0), "c1 established term 1 by i1 of 3: i1* i2* without s4"},
		{"a mark and a slot in another name", leaving(rec(rule.Established, 1, elsewhere("i9", "s8", 8, time.Hour)), 9, 0), "c1 established term 1 by i9=s8@192.0.2.8 of 1: i9=s8@192.0.2.8"},
		{"another's mark", leaving(full(), 4, 0), ""},
		{"neither", full(), ""},
		{"no record", nil, ""},
		{"who may bootstrap", rec(rule.Bootstrapping, 1, slot(9, 0)), ""},
	} {
		before, text := flat(t, tt.rec), ""
		if got := rule.GiveBack(tt.rec, "i9", "s9", "mine"); got != nil {
			text = showRecord(*got)
			if got.Write != "mine" || got.Seq != tt.rec.Seq+1 {
				t.Errorf("%s: got seq %d, write %s", tt.name, got.Seq, got.Write)
			}
		}
		if text != tt.want || flat(t, tt.rec) != before {
			t.Errorf("%s: got %q, want %q", tt.name, text, tt.want)
		}
	}
}

// A record has version 2 while a change of role is under way, so that no program writes it
// that knows nothing of changes, and version 1 again when it is over (R49, R50).
func TestRecordOfAChange(t *testing.T) {
	t.Parallel()
	taken := rec(rule.Established, 2, slot(1, time.Hour), promoted(9, 0, time.Minute))
	for _, tt := range []struct {
		name    string
		rec     *rule.Record
		version string
	}{
		{"no change", full(), `"version":1,`},
		{"a promoted slot", taken, `"version":2,`},
		{"a mark", leaving(full(), 9, 0), `"version":2,`},
		{"a change that is over", with(full(), func(r *rule.Record) { r.Version = 2 }), `"version":1,`},
	} {
		body, err := tt.rec.Encode()
		if err != nil || !strings.Contains(string(body), tt.version) {
			t.Errorf("%s: got %s, %v, want %s", tt.name, body, err, tt.version)
			continue
		}
		back, err := rule.DecodeRecord(body)
		tt.rec.Version = back.Version
		if err != nil || !reflect.DeepEqual(&back, tt.rec) {
			t.Errorf("%s: got %+v back, %v, want %+v", tt.name, back, err, *tt.rec)
		}
		if tt.version != `"version":2,` {
			if strings.Contains(string(body), "promoted") || strings.Contains(string(body), "leaving") {
				t.Errorf("%s: got %s, want no word of a change", tt.name, body)
			}
			continue
		}
		old := strings.Replace(string(body), tt.version, `"version":1,`, 1)
		if r, err := rule.DecodeRecord([]byte(old)); err == nil || !strings.HasSuffix(err.Error(), "version 1 has what came with version 2") {
			t.Errorf("%s in version 1: got %+v, %v, want it refused", tt.name, r, err)
		}
	}
}
