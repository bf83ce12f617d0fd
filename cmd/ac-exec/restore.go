package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/node"
	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// restore restores the snapshot that a decision to bootstrap names, before the agent
// starts: nobody can write then what a later restore would undo (R55).
func (p *program) restore(ctx context.Context, s cli.Streams, d wire.Decision, l consul.Launch, files []consul.File, program string) error {
	dir := datadir.Dir(p.dir)
	// What is there already is that of this birth: ac-decide names no snapshot otherwise.
	if has, err := dir.HasRaft(); err != nil || has {
		return err
	}
	st, err := p.open(ctx, d.Registry)
	if err != nil {
		return err
	}
	ctx, stop := cli.Interruptible(ctx, nil)
	defer stop()
	work := restoring{store: st, launch: l, files: files, program: program}
	if work.room, err = dir.NewRestore(); err != nil {
		return err
	}
	r := node.Restorer{
		Observer: claim.Observer{Registry: &registry.Registry{Store: st}}, Random: claim.NewRandom(),
		Disk: dir, Out: s, Claim: claimOf(d), Timeout: p.timeout,
		Confirm: func(ctx context.Context) error { return node.Confirm(ctx, claimOf(d), p.recordOf(d.Registry), s) },
		Prepare: work.prepare, Place: work.room.Place,
	}
	if err := r.Restore(ctx, d.Restore); err != nil {
		return errors.Join(err, dir.EndRestore())
	}
	s.Notef("restored %s", d.Restore)
	return nil
}

// restoring is what a restore works with.
type restoring struct {
	store   registry.Store
	room    datadir.Restore
	launch  consul.Launch
	files   []consul.File
	program string
}

// prepare gets the data of a snapshot ready. What the snapshot itself says of its contents
// is compared before Consul sees it.
func (r restoring) prepare(ctx context.Context, snapshot string) error {
	at, err := r.launch.ServerAt(r.files)
	if err != nil {
		return err
	}
	if err := r.download(ctx, snapshot); err != nil {
		return err
	}
	loader := consul.Loader{
		Consul: r.program, Folder: r.room.Folder(), Node: r.launch.Node, Datacenter: r.launch.Datacenter(r.files),
	}
	id, err := loader.Load(ctx, r.room.Snapshot())
	if err != nil {
		return err
	}
	return r.room.Ready(id, at)
}

// download fetches a snapshot and checks it.
func (r restoring) download(ctx context.Context, snapshot string) error {
	file, err := os.OpenFile(r.room.Snapshot(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer file.Close() // it is only read from then on
	if _, err := r.store.Download(ctx, snapshot, file); err != nil {
		return err
	}
	if _, err := file.Seek(0, 0); err != nil {
		return err
	}
	if _, err := consul.CheckSnapshot(file); err != nil {
		return fmt.Errorf("%w: %w", node.ErrDamaged, err)
	}
	return nil
}
