package main

import (
	"context"

	"auto-consul/lib/cli"
	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// findSnapshot finds the cluster's newest snapshot, where it is to be shown: in what
// is meant for people and monitoring always, in a document where there are said to be
// any. A node that may not know it gets the rest of a table, or of metrics, all the same.
func (p *program) findSnapshot(ctx context.Context, store registry.Store, o *observation, s cli.Streams) error {
	forgiving := p.format == "table" || p.format == "prometheus"
	if o.cluster.Record == nil || !forgiving && (p.snapshots == 0 || p.format != "json") {
		return nil
	}
	kept, _, err := registry.Snapshots(ctx, store, o.cluster.Record.ClusterID)
	switch {
	case err == nil && len(kept) > 0:
		o.snapshot = &kept[len(kept)-1]
	case err != nil && forgiving && ctx.Err() == nil:
		o.noSnapshot, err = err, nil
		s.Warnf("the newest snapshot is not known: %v", o.noSnapshot)
	}
	return err
}

// shownSnapshot returns the snapshot's part of the document; nil where there is none.
func (o observation) shownSnapshot() *wire.Snapshot {
	if o.snapshot == nil {
		return nil
	}
	return &wire.Snapshot{Key: o.snapshot.Key(), Time: o.snapshot.Time, Size: o.snapshot.Size}
}

// snapshotWords says why the table shows no snapshot; empty where there is no reason to.
func (p *program) snapshotWords(o observation) string {
	switch {
	case o.noSnapshot != nil:
		return "not known"
	case o.snapshot == nil && p.snapshots > 0 && o.cluster.Record != nil:
		return "none"
	}
	return ""
}
