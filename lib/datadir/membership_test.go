package datadir_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/rule"
)

func TestCluster(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	if got, err := d.Membership(); err != nil || got != (rule.Membership{}) {
		t.Errorf("got %+v, %v of a new folder, want none", got, err)
	}
	want := rule.Membership{ClusterID: "c1", Term: 2, Desired: 3, Birth: rule.Quorum}
	if err := d.KeepMembership(want); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Membership(); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if got := files(t, d); !slices.Equal(got, []string{"cluster"}) {
		t.Errorf("got files %q, want cluster alone", got)
	}
}

// A membership of nothing unties the data directory; an open one is a membership even
// without a cluster (R42, R22).
func TestUntie(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	for _, m := range []rule.Membership{{}, {ClusterID: "c1", Term: 1}, {}, {Open: true}, {}} {
		if err := d.KeepMembership(m); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Membership(); err != nil || got != m {
			t.Errorf("got %+v, %v, want %+v", got, err, m)
		}
	}
	if got := files(t, d); len(got) != 0 {
		t.Errorf("got files %q left, want none", got)
	}
}

// Read as "no cluster", garbage would let old data join a new cluster.
func TestClusterGarbage(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"c1", "{}", `{"cluster_id":""}`, `{"cluster_id":"c1"`, `{"cluster_id":1}`, "null", "[]"} {
		d := holding(t, "cluster", text)
		got, err := d.Membership()
		if path := filepath.Join(string(d), "cluster"); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %+v, %v, want an error that names the file", text, got, err)
		}
	}
	if got, err := holding(t, "cluster/inside", "").Membership(); err == nil {
		t.Errorf("a folder in the way: got %+v, want an error", got)
	}
}
