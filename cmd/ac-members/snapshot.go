package main

import (
	"context"

	"auto-consul/lib/cli"
	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// lookForSnapshot finds the cluster's newest snapshot, where it is to be shown: in what
// is meant for people and monitoring always, in a document where there are said to be
// any. A node that may not know it gets the rest of a table, or of metrics, all the same.
func (p *program) lookForSnapshot(ctx context.Context, store registry.Store, l *look, s cli.Streams) error {
	forgiving := p.format == "table" || p.format == "prometheus"
	if l.cluster.Record == nil || !forgiving && (p.snapshots == 0 || p.format != "json") {
		return nil
	}
	kept, _, err := registry.Snapshots(ctx, store, l.cluster.Record.ClusterID)
	switch {
	case err == nil && len(kept) > 0:
		l.snapshot = &kept[len(kept)-1]
	case err != nil && forgiving && ctx.Err() == nil:
		l.noSnapshot, err = err, nil
		s.Warnf("the newest snapshot is not known: %v", l.noSnapshot)
	}
	return err
}

// shownSnapshot returns the snapshot's part of the document; nil where there is none.
func (l look) shownSnapshot() *wire.Snapshot {
	if l.snapshot == nil {
		return nil
	}
	return &wire.Snapshot{Key: l.snapshot.Key(), Time: l.snapshot.Time, Size: l.snapshot.Size}
}

// snapshotWords says why the table shows no snapshot; empty where there is no reason to.
func (p *program) snapshotWords(l look) string {
	switch {
	case l.noSnapshot != nil:
		return "not known"
	case l.snapshot == nil && p.snapshots > 0 && l.cluster.Record != nil:
		return "none"
	}
	return ""
}
