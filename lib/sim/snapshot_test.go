package sim

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/node"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// snapshotPath is where the store has the clusters' snapshots (R54).
const snapshotPath = "p/snapshots/"

// leader returns the machine that leads a lineage in a pool: of those that vote, the first.
func (w *world) leader(l *lineage, pool []*machine) (first *machine) {
	for _, n := range pool {
		if _, votes := l.voters[n.disk.id]; votes && n.agent.server && n.disk.raft == l && (first == nil || n.id < first.id) {
			first = n
		}
	}
	return first
}

// leads reports whether a machine leads its lineage. w.mu is held.
func (n *machine) leads() bool {
	pool := n.w.pool(n)
	return n.disk.raft != nil && slices.Contains(n.w.lead(pool), n.disk.raft) && n.w.leader(n.disk.raft, pool) == n
}

// raftIndex is how far the raft log of every lineage has come: an entry a minute.
func (w *world) raftIndex() uint64 { return 2 + uint64(time.Since(w.start)/time.Minute) }

// Snapshot writes the state in words, after a while.
func (l life) Snapshot(ctx context.Context, to io.Writer) (index uint64, err error) {
	w := l.n.w
	if !sleep(ctx, span(mix(w.seed, uint64(l.n.id), uint64(time.Since(w.start)), name("snapshot")), time.Millisecond, 3*w.ticks)) {
		return 0, ctx.Err()
	}
	err = l.ask(ctx, func() error {
		if !l.n.gossips() || !l.n.leads() {
			return node.ErrNoAnswer
		}
		index = w.raftIndex()
		_, err := fmt.Fprintf(to, "lineage %d index %d", l.n.disk.raft.id, index)
		return err
	})
	return index, err
}

// Scratch is a file in memory.
func (l life) Scratch() (node.Scratch, error) { return &scratch{}, nil }

type scratch struct {
	bytes.Buffer
	*bytes.Reader
}

func (s *scratch) Write(p []byte) (int, error) { return s.Buffer.Write(p) }
func (s *scratch) Read(p []byte) (int, error)  { return s.Reader.Read(p) }
func (s *scratch) Close() error                { return nil }

func (s *scratch) Seek(offset int64, whence int) (int64, error) {
	if s.Reader == nil {
		s.Reader = bytes.NewReader(s.Bytes())
	}
	return s.Reader.Seek(offset, whence)
}

// kept is a snapshot in the store, and when it came there.
type kept struct {
	registry.ConsulSnapshot
	at time.Time
}

// snapshot sees one written: of whose state, and whether it was there before the writer
// looked for it.
func (j *judge) snapshot(s sent, body []byte) {
	key := strings.TrimPrefix(s.key, "p/")
	snap, err := registry.ParseSnapshotKey(key)
	if err != nil {
		j.fail("snapshot: %s wrote %s", s.n.name, key)
		return
	}
	if slices.ContainsFunc(j.snapshots, func(k kept) bool { return k.ConsulSnapshot == snap }) {
		return // refused, or its answer came late
	}
	j.w.count("snapshots")
	j.w.note("%s wrote a snapshot of %.8s term %d index %d", s.n.name, snap.ClusterID, snap.Term, snap.Index)
	var id int
	var index uint64
	if _, err := fmt.Sscanf(string(body), "lineage %d index %d", &id, &index); err != nil || index != snap.Index {
		j.fail("snapshot: %s wrote %q as index %d", s.n.name, body, snap.Index)
		return
	}
	if l := j.w.lineages[id]; l.cluster != "" && (l.cluster != snap.ClusterID || l.term != snap.Term) {
		j.fail("snapshot: %s wrote the state of %.8s term %d as that of %.8s term %d", s.n.name, l.cluster, l.term, snap.ClusterID, snap.Term)
	}
	for _, k := range j.snapshots {
		same := k.ClusterID == snap.ClusterID && k.Term == snap.Term && k.Index == snap.Index
		if same && k.at.Before(s.snapshotsListed) {
			j.fail("snapshot twice: %s wrote index %d of %.8s", s.n.name, snap.Index, snap.ClusterID)
		}
	}
	j.snapshots = append(j.snapshots, kept{snap, time.Now()})
}

// wantSnapshot waits, where a cluster works and faults are over, until its leader must
// have kept a snapshot. An old one that is too many must be gone by then, and another
// cluster's be there still (R54).
func (w *world) wantSnapshot() {
	var clusterID string
	w.do(func() {
		if l := w.current(); w.plan.snapshots > 0 && w.judge.rec != nil && l != nil && w.works() && w.judge.rec.State == rule.Established {
			clusterID = w.judge.rec.ClusterID
		}
	})
	if clusterID == "" {
		return
	}
	old := w.storeTime().Add(-400 * 24 * time.Hour)
	own := registry.ConsulSnapshot{ClusterID: clusterID, Term: 1, Time: old}.Key()
	other := registry.ConsulSnapshot{ClusterID: "another", Term: 1, Time: old}.Key()
	for _, key := range []string{own, other} {
		if err := w.operatorStore().Upload(w.t.Context(), key, strings.NewReader("old")); err != nil {
			w.t.Fatal(err)
		}
	}
	begin := time.Now()
	time.Sleep(2*w.plan.snapshots + 10*w.ticks + 4*time.Minute) // an entry of the raft log is due by then
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.current()
	if l == nil || w.judge.rec == nil || w.judge.rec.ClusterID != clusterID || !w.whole() || w.ledByGem(l) {
		return // the story went on otherwise
	}
	w.count("end: looked for a snapshot")
	if !slices.ContainsFunc(w.judge.snapshots, func(k kept) bool { return k.ClusterID == clusterID && k.at.After(begin) }) {
		w.judge.fail("snapshot: none of %.8s after %v without faults", clusterID, time.Since(begin))
	}
	if _, there := w.srv.Body(w.t, bucket, "p/"+own); there {
		w.judge.fail("snapshot: one of long ago was not thinned")
	}
	if _, there := w.srv.Body(w.t, bucket, "p/"+other); !there {
		w.judge.fail("snapshot: another cluster's was removed")
	}
}

// ledByGem reports whether a lineage's leader keeps no snapshots. w.mu is held.
func (w *world) ledByGem(l *lineage) bool {
	for _, n := range w.machines {
		if n.gossips() && n.disk.raft == l {
			first := w.leader(l, w.pool(n))
			return first == nil || first.gem
		}
	}
	return true
}
