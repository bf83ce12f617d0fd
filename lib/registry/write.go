package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Purge removes heartbeats by their keys, which are those that a snapshot found
// expired. It returns the keys that are gone now, ascending, also when it fails
// half way.
func (r *Registry) Purge(ctx context.Context, keys []string) ([]string, error) {
	gone := make([]bool, len(keys))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i, key := range keys {
		g.Go(func() error {
			err := r.Store.Delete(gctx, key)
			gone[i] = err == nil
			return err
		})
	}
	err := g.Wait()
	var out []string
	for i, key := range keys {
		if gone[i] {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out, err
}

// Beat writes a node's heartbeat under each role, stamped with store time now (R4), and
// returns the keys, ascending. The one under servers/ is written first, so that a
// server is never seen under agents/ alone (R7).
func (r *Registry) Beat(ctx context.Context, node, address string, now time.Time, roles ...Role) ([]string, error) {
	if err := errors.Join(CheckNode(node), CheckAddress(address)); err != nil {
		return nil, fmt.Errorf("write no heartbeat: %w", err)
	}
	var keys []string
	for _, role := range []Role{Servers, Agents} {
		if !slices.Contains(roles, role) {
			continue
		}
		key := Heartbeat{role, now, node}.Key()
		if err := r.Store.Put(ctx, key, []byte(address)); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys, nil
}

// Forget removes every heartbeat of a node that leaves, expired or live (R38), and
// returns the keys that are gone now, ascending, also when it fails half way.
func (r *Registry) Forget(ctx context.Context, node string) ([]string, error) {
	var keys []string
	for _, role := range []Role{Agents, Servers} {
		list, err := r.Store.List(ctx, string(role))
		if err != nil {
			return nil, err
		}
		for _, key := range list.Keys {
			if h, err := ParseKey(key); err == nil && h.Node == node {
				keys = append(keys, key)
			}
		}
	}
	return r.Purge(ctx, keys)
}
