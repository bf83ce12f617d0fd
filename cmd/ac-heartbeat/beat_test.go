package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auto-consul/lib/claim"
	"auto-consul/lib/datadir"
)

var lived = strings.Replace(birth, "bootstrapping", "established", 1)

// A record that has named this server's cluster until it vanished is written
// back, though the cluster has no leader just then.
func TestWriteBackWithoutLeader(t *testing.T) {
	r := newRig(t)
	r.keeps("incarnation", "i1")
	r.keeps("cluster", tie)
	r.answers("self", leaderless)
	r.turns()
	if _, ok := r.srv.Body(t, "b", "r/cluster.json"); ok {
		t.Error("a record was written by one that has seen none")
	}
	r.record(lived)
	r.turns()
	r.remove(claim.RecordKey)
	r.says()
	r.turns()
	r.says("t: wrote the cluster record: the cluster record was gone")
	if body, _ := r.srv.Body(t, "b", "r/cluster.json"); !strings.Contains(string(body), `"cluster_id":"c1","state":"established","birth":"first","desired":3,`) {
		t.Errorf("got the record %s", body)
	}
}

func (r *rig) remove(key string) {
	r.t.Helper()
	if err := r.registry.Store.Delete(r.t.Context(), key); err != nil {
		r.t.Fatal(err)
	}
}

// kept is what the data directory holds.
func (r *rig) kept() string {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(string(r.dir), "cluster"))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// The number of servers that the record names now is what a later record has.
func TestResized(t *testing.T) {
	r := newRig(t)
	r.keeps("incarnation", "i1")
	r.keeps("cluster", tie)
	r.answers("self", led)
	for _, record := range []string{strings.Replace(lived, `"c1"`, `"c2"`, 1), strings.Replace(lived, `"term":1`, `"term":2`, 1)} {
		r.record(strings.Replace(record, `"desired":3`, `"desired":5`, 1))
		if _, err := r.turn(t.Context()); err == nil || r.kept() != tie {
			t.Errorf("another cluster: got %v, kept %s, want an error and %s", err, r.kept(), tie)
		}
	}
	r.record(strings.Replace(lived, `"desired":3`, `"desired":5`, 1))
	r.turns()
	want := strings.Replace(tie, "3", "5", 1)
	if r.kept() != want {
		t.Errorf("got %s kept, want %s", r.kept(), want)
	}
	r.remove(claim.RecordKey)
	r.turns()
	if body, _ := r.srv.Body(t, "b", "r/cluster.json"); !strings.Contains(string(body), `"desired":5,`) {
		t.Errorf("got the record %s", body)
	}

	// Another program has tied the data directory to another cluster meanwhile.
	other := strings.Replace(tie, "c1", "c2", 1)
	r.keeps("cluster", other)
	r.named = true
	r.remember(claim.Look{Record: &claim.Record{Desired: 7}}, claim.Kept{ClusterID: "c1", Term: 1, Desired: 5, Birth: claim.First})
	if r.kept() != other {
		t.Errorf("got %s kept, want %s", r.kept(), other)
	}
}

// A data directory that cannot be written is said once, and the beats go on.
func TestResizedUnkept(t *testing.T) {
	r := newRig(t)
	// So long a path that no temporary file fits beside the others.
	const longest = 4095 - len("/incarnation")
	for len(r.program.dir) < longest {
		r.program.dir += "/" + strings.Repeat("d", min(200, longest-len(r.program.dir)-1))
	}
	if err := os.MkdirAll(r.program.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r.dir = datadir.Dir(r.program.dir)
	r.keeps("incarnation", "i1")
	r.keeps("cluster", tie)
	r.answers("self", led)
	r.record(strings.Replace(lived, `"desired":3`, `"desired":5`, 1))
	for _, want := range [][]string{{"warning: keep the desired number of servers, 5 now: "}, nil} {
		r.turns()
		r.says(want...)
	}
	if r.kept() != tie {
		t.Errorf("got %s kept, want %s", r.kept(), tie)
	}
}
