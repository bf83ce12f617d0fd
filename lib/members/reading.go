// Package members reads who is in a registry, removes what has expired, and translates
// between what was read and the document that shows it. Package rule judges what it means.
package members

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Reader reads one registry, as often as it is asked. It must not be asked by two goroutines
// at once.
type Reader struct {
	Registry *registry.Registry // with the expiry of its heartbeats
	Roles    []registry.Role    // whose heartbeats are read; nil: of all roles, empty: of none
	Limit    int                // how many addresses are read for each role; 0: all
	Purge    bool               // whether expired heartbeats are removed
	Timeout  time.Duration      // bound on each reading
	// FindNewest says that the newest snapshot of Consul's state is looked for. With Forgiving
	// a reading succeeds also where the snapshots cannot be listed: a node may lack the right.
	FindNewest, Forgiving bool
	Warnf                 func(format string, args ...any) // told of what does not end a reading

	firstSeen claim.FirstSeen // of what lies in the future (R53)
}

// Reading is what one look at a registry has found, and what was purged in it.
type Reading struct {
	registry.Snapshot
	Cluster rule.Observation // the cluster record, without the heartbeats
	Purged  []string         // keys

	ConsulSnapshot *registry.ConsulSnapshot // the newest of Consul's state; nil if none is known
	Unlisted       error                    // why the snapshots could not be listed; nil if they could
}

// Read reads the heartbeats and, beside them, the record and then the snapshots, and purges
// what has expired. Where a heartbeat cannot be purged that is only a warning. Errors are the
// store's, or wrap [rule.ErrUnreadable].
func (r *Reader) Read(ctx context.Context) (Reading, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	var o Reading
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if o.Snapshot, err = r.Registry.Read(gctx, r.query()); err == nil {
			r.firstSeen.Observe(time.Now(), o.Snapshot)
		}
		return err
	})
	g.Go(func() (err error) {
		if o.Cluster, err = (claim.Observer{Registry: r.Registry}).Record(gctx); err == nil {
			err = r.findSnapshot(gctx, &o)
		}
		return err
	})
	if err := g.Wait(); err != nil {
		return Reading{}, err
	}
	if r.Purge {
		var err error
		if o.Purged, err = r.Registry.Purge(ctx, o.Expired); err != nil {
			r.Warnf("purged %d of %d expired heartbeats: %v", len(o.Purged), len(o.Expired), err)
		}
	}
	return o, nil
}

func (r *Reader) query() registry.Query {
	q := registry.Query{Roles: r.Roles, Over: r.firstSeen.Over(time.Now(), r.Registry.Expiry)} // of earlier readings (R53)
	if r.Limit > 0 {
		some := func(n int) []int { return rand.Perm(n)[:min(n, r.Limit)] }
		q.Pick = map[registry.Role]registry.Pick{registry.Servers: some, registry.Agents: some}
	}
	return q
}

// findSnapshot finds the cluster's newest snapshot.
func (r *Reader) findSnapshot(ctx context.Context, o *Reading) error {
	if !r.FindNewest || o.Cluster.Record == nil {
		return nil
	}
	kept, _, err := registry.Snapshots(ctx, r.Registry.Store, o.Cluster.Record.ClusterID)
	switch {
	case err == nil && len(kept) > 0:
		o.ConsulSnapshot = &kept[len(kept)-1]
	case err != nil && r.Forgiving && ctx.Err() == nil:
		o.Unlisted, err = err, nil
		r.Warnf("the newest snapshot is not known: %v", o.Unlisted)
	}
	return err
}

// Seen returns record and heartbeats as the rules see them, as of the earlier of both:
// who has beaten between the two must not look silent (R5).
func (o Reading) Seen() rule.Observation {
	if len(o.Live) == 0 {
		return o.Cluster
	}
	return o.Cluster.WithHeartbeats(o.Snapshot)
}

// Roster returns the membership in a form that can be compared: the record, which of its
// slots are vacant, the nodes and, where the addresses of all were read, where they are.
func (r *Reader) Roster(o Reading) []string {
	out := []string{o.Cluster.ETag}
	for _, v := range vacant(o.Seen(), r.Registry.Expiry) {
		out = append(out, "vacant "+v.Node)
	}
	for role, live := range o.Live {
		for _, m := range live {
			line := string(role) + " " + m.Node
			if r.Limit == 0 {
				line += " " + m.Address
			}
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}
