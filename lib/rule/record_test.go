package rule_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/rule"
)

// whole returns a record as it is stored, after a change.
func whole(t *testing.T, change func(doc map[string]any)) []byte {
	t.Helper()
	body, err := rec(rule.Bootstrapping, 3, slot(1, time.Hour), slot(2, time.Second)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	change(doc)
	if body, err = json.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	return body
}

// A record is read back as it was written; keys that a later version may add are
// passed over (R1).
func TestRecordIsReadBack(t *testing.T) {
	t.Parallel()
	want := rec(rule.Bootstrapping, 3, slot(1, time.Hour), slot(2, time.Second))
	got, err := rule.DecodeRecord(whole(t, func(doc map[string]any) { doc["later"] = "key" }))
	if err != nil || !reflect.DeepEqual(&got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// A record that cannot be read in full is an error (R1).
func TestRecordIsRefused(t *testing.T) {
	t.Parallel()
	first := func(doc map[string]any) map[string]any { return doc["servers"].([]any)[0].(map[string]any) }
	second := func(doc map[string]any) map[string]any { return doc["servers"].([]any)[1].(map[string]any) }
	tests := []struct {
		name   string
		change func(doc map[string]any)
		want   string
	}{
		{"no version", func(doc map[string]any) { delete(doc, "version") }, "version 0: want 1 or 2"},
		{"a later version", func(doc map[string]any) { doc["version"] = 3 }, "version 3: a newer release wrote it, and this one knows version 2 at most"},
		{"a version in words", func(doc map[string]any) { doc["version"] = "one" }, "not a cluster record"},
		{"no cluster", func(doc map[string]any) { delete(doc, "cluster_id") }, "cluster_id is missing"},
		{"an empty cluster", func(doc map[string]any) { doc["cluster_id"] = "" }, "cluster_id is missing"},
		{"no state", func(doc map[string]any) { delete(doc, "state") }, `unknown state ""`},
		{"an unknown state", func(doc map[string]any) { doc["state"] = "retired" }, `unknown state "retired"`},
		{"a long state", func(doc map[string]any) { doc["state"] = strings.Repeat("x", 1000) }, `unknown state "` + strings.Repeat("x", 20) + `"`},
		{"an unknown birth", func(doc map[string]any) { doc["birth"] = "caesarean" }, `unknown birth "caesarean"`},
		{"no birth", func(doc map[string]any) { delete(doc, "birth") }, `unknown birth ""`},
		{"nobody desired", func(doc map[string]any) { doc["desired"] = 0 }, "desired is 0"},
		{"less than nobody desired", func(doc map[string]any) { doc["desired"] = -1 }, "desired is -1"},
		{"half a server desired", func(doc map[string]any) { doc["desired"] = 1.5 }, "not a cluster record"},
		{"no term", func(doc map[string]any) { delete(doc["bootstrap"].(map[string]any), "term") }, "term is 0"},
		{"nobody bootstraps", func(doc map[string]any) { delete(doc["bootstrap"].(map[string]any), "incarnation") }, "the node that may bootstrap holds no slot"},
		{"a stranger bootstraps", func(doc map[string]any) { doc["bootstrap"].(map[string]any)["incarnation"] = "i5" }, "the node that may bootstrap holds no slot"},
		{"no slots while it bootstraps", func(doc map[string]any) { doc["servers"] = []any{} }, "the node that may bootstrap holds no slot"},
		{"slots that are no list", func(doc map[string]any) { doc["servers"] = "i1" }, "not a cluster record"},
		{"a slot of nobody", func(doc map[string]any) { delete(second(doc), "incarnation") }, "an incarnation is missing or holds two slots"},
		{"two slots of one", func(doc map[string]any) { second(doc)["incarnation"] = "i1" }, "an incarnation is missing or holds two slots"},
		{"a node that is no name", func(doc map[string]any) { second(doc)["node"] = "-x" }, `bad node name "-x"`},
		{"no node", func(doc map[string]any) { delete(first(doc), "node") }, "bad node name"},
		{"an address that is none", func(doc map[string]any) { first(doc)["address"] = "provider=aws" }, `bad address "provider=aws"`},
		{"no address", func(doc map[string]any) { delete(first(doc), "address") }, "bad address"},
		{"a zone that is none", func(doc map[string]any) { first(doc)["zone"] = "a b" }, `bad zone "a b": want 1 to 64 of [A-Za-z0-9._-]`},
		{"a time that is none", func(doc map[string]any) { first(doc)["since"] = "yesterday" }, "not a cluster record"},
		{"too large", func(doc map[string]any) { doc["write"] = strings.Repeat("x", 64<<10) }, "bytes are too many"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := rule.DecodeRecord(whole(t, tt.change))
			if err == nil || !strings.HasPrefix(err.Error(), "cluster.json: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want cluster.json: … %s", err, tt.want)
			}
		})
	}
	for _, body := range []string{"", "{", "null", "[]", "<html>", "{} {}", `{"version":1}`} {
		if r, err := rule.DecodeRecord([]byte(body)); err == nil || !strings.HasPrefix(err.Error(), "cluster.json: ") {
			t.Errorf("%q: got %+v, %v, want an error that names cluster.json", body, r, err)
		}
	}
}

// A record that nobody could read is not written (R1): no node could decide any more.
func TestRecordIsNotWritten(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*rule.Record){
		"no incarnation": func(r *rule.Record) { r.Servers[0].Incarnation = "" },
		"a bad name":     func(r *rule.Record) { r.Servers[0].Node = "node 1" },
		"no cluster":     func(r *rule.Record) { r.ClusterID = "" },
	} {
		bad := with(rec(rule.Established, 3, slot(1, 0)), change)
		if body, err := bad.Encode(); err == nil || !strings.HasPrefix(err.Error(), "cluster.json: cannot be written: ") {
			t.Errorf("%s: got %s, %v, want an error", name, body, err)
		}
	}
}

// Whatever is accepted can be written and read again (R1), and the rules have an answer
// to it.
func FuzzRecord(f *testing.F) {
	for _, r := range []*rule.Record{
		rec(rule.Bootstrapping, 1, slot(1, 0)), rec(rule.Established, 3, slot(9, time.Hour), slot(2, expiry)), rec(rule.Established, 1),
	} {
		body, err := r.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
		f.Add(body[:len(body)/2])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := rule.DecodeRecord(body)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "cluster.json: ") {
				t.Errorf("got %v, want an error that names cluster.json", err)
			}
			return
		}
		again, err := r.Encode()
		if err != nil {
			return // a year that RFC 3339 has no room for
		}
		if back, err := rule.DecodeRecord(again); err != nil || flat(t, back) != flat(t, r) {
			t.Errorf("got %+v, %v back, want %+v", back, err, r)
		}
		action := rule.Decide(situation{rec: &r}.input())
		if action.Swap != nil && len(action.Swap.Servers) > len(r.Servers)+1 {
			t.Errorf("got %d slots of %d", len(action.Swap.Servers), len(r.Servers))
		}
		_, _ = rule.Serve(running{kept: kept("c1", 1), rec: &r}.input())
	})
}
