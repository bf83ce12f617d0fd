package start

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/node"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Source is where a server's data is restored from, and with what.
type Source struct {
	Snapshot string // key
	Open     func(ctx context.Context) (registry.Store, error)
	Consul   string        // path of the program
	Claim    rule.Claim    // what the decision rests on
	Timeout  time.Duration // bound on each work with the record
	// Interruptible returns a context that ends when the program is told to end: a restore
	// may take long, and what it has begun is removed.
	Interruptible func(ctx context.Context) (context.Context, context.CancelFunc)
}

// restore restores a snapshot before the agent starts: nobody can write then what a later
// restore would undo (R55). ac-decide names no snapshot where there is raft data. So what is
// there already is of this birth, as where one decision is carried out twice.
func (a Agent) restore(ctx context.Context, from Source, confirm func(ctx context.Context) error) error {
	if has, err := a.Dir.HasRaft(); err != nil || has {
		return err
	}
	store, err := from.Open(ctx)
	if err != nil {
		return err
	}
	ctx, stop := from.Interruptible(ctx)
	defer stop()
	room, err := a.Dir.NewRestore()
	if err != nil {
		return err
	}
	restorer := node.Restorer{
		Observer: claim.Observer{Registry: &registry.Registry{Store: store}}, Random: claim.NewRandom(),
		Disk: a.Dir, Out: a.Out, Claim: from.Claim, Timeout: from.Timeout, Confirm: confirm,
		Prepare: func(ctx context.Context, snapshot string) error {
			return a.fetch(ctx, store, from.Consul, room, snapshot)
		},
		Place: room.Place,
	}
	if err := restorer.Restore(ctx, from.Snapshot); err != nil {
		return errors.Join(err, a.Dir.EndRestore())
	}
	a.Out.Notef("restored %s", from.Snapshot)
	return nil
}

// fetch gets the data of a snapshot ready. What the snapshot itself says of its contents
// is compared before Consul sees it.
func (a Agent) fetch(ctx context.Context, store registry.Store, program string, room datadir.Restore, snapshot string) error {
	at, err := a.Launch.ServerAt(a.Files)
	if err != nil {
		return err
	}
	if err := download(ctx, store, snapshot, room.Snapshot()); err != nil {
		return err
	}
	loader := consul.Loader{
		Consul: program, Folder: room.Folder(), Node: a.Launch.Node, Datacenter: a.Launch.Datacenter(a.Files),
	}
	id, err := loader.Load(ctx, room.Snapshot())
	if err != nil {
		return err
	}
	return room.Ready(id, at)
}

// download fetches a snapshot into a new file and checks it.
func download(ctx context.Context, store registry.Store, snapshot, path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer file.Close() // it is only read from then on
	if _, err := store.Download(ctx, snapshot, file); err != nil {
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
