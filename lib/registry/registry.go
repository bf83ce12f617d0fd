// Package registry keeps the heartbeats of a cluster's nodes: their keys, who
// is live, what has expired. It works on any [Store] and judges time by the
// store's clock alone.
package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// parallel is how many requests one program has under way at once.
const parallel = 32

// Registry holds the heartbeats in one store.
type Registry struct {
	Store  Store
	Expiry time.Duration // the age at which a heartbeat no longer counts
	Skew   time.Duration // how far apart the clocks of the store may be; 0: [DefaultSkew]
}

// CheckExpiry returns an error unless an expiry is whole seconds, as the stamps of keys
// and the times in documents are.
func CheckExpiry(expiry time.Duration) error {
	if expiry < time.Second || expiry%time.Second != 0 {
		return fmt.Errorf("bad -expiry %v: want whole seconds, 1 or more", expiry)
	}
	return nil
}

// CheckTicks returns an error if an interval between heartbeats is too long; 0 is none.
func CheckTicks(ticks, expiry time.Duration) error {
	if ticks > expiry {
		return fmt.Errorf("bad -ticks %v: more than the expiry, %v, so the node would count as dead between two beats", ticks, expiry)
	}
	return nil
}

// Pick chooses which of n live members, in order of their heartbeats, have
// their addresses read; it returns their indices. A nil Pick chooses all.
type Pick func(n int) []int

// Freshest picks the most members that beat last.
func Freshest(most int) Pick {
	return func(n int) []int {
		var out []int
		for i := max(0, n-most); i < n; i++ {
			out = append(out, i)
		}
		return out
	}
}

// Query says what [Registry.Read] is to read.
type Query struct {
	Roles []Role // none: all
	Pick  map[Role]Pick
	// Oldest are roles of which the first heartbeats will do, should there be more
	// than one answer of the store can hold.
	Oldest []Role
	// Over are keys of heartbeats that are dated in the future and count no longer (R53).
	Over map[string]bool
}

// Snapshot is what the registry held at one moment.
type Snapshot struct {
	Time    time.Time         // store time, whole seconds: the earliest of the answers
	Live    map[Role][]Member // as [SortMembers] sorts them; Address is empty where it was not read
	Expired []string          // keys, ascending
	Ahead   []string          // keys that are dated in the future and count still, ascending (R53)
	Ignored []Ignored         // by key
	More    []Role            // of which there are further heartbeats, and fresher ones
}

// Joinable returns the role's live members whose addresses were read, the
// freshest last.
func (s Snapshot) Joinable(role Role) []Member {
	return slices.DeleteFunc(slices.Clone(s.Live[role]), func(m Member) bool { return m.Address == "" })
}

// Newest returns the time of a node's newest heartbeat in a role, live or expired. ok is
// false where the registry holds none: expired ones are removed sooner or later.
func (s Snapshot) Newest(role Role, node string) (at time.Time, ok bool) {
	for _, m := range s.Live[role] {
		if m.Node == node {
			return m.Heartbeat, true
		}
	}
	for _, key := range slices.Backward(s.Expired) { // of one role they are in order of time
		if h, err := ParseKey(key); err == nil && h.Role == role && h.Node == node {
			return h.Time, true
		}
	}
	return time.Time{}, false
}

// Read lists the roles side by side and then reads the addresses, side by side too. Any
// failure is an error: a snapshot is as complete as was asked for, or there is none
// (R3). Its time is the earliest of the answers (R5).
func (r *Registry) Read(ctx context.Context, q Query) (Snapshot, error) {
	if q.Roles == nil {
		q.Roles = []Role{Agents, Servers}
	}
	lists := make([]Listing, len(q.Roles))
	g, gctx := errgroup.WithContext(ctx)
	for i, role := range q.Roles {
		g.Go(func() (err error) {
			list := r.Store.List
			if slices.Contains(q.Oldest, role) {
				list = r.Store.Oldest
			}
			lists[i], err = list(gctx, string(role))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{Live: map[Role][]Member{}}
	for i, l := range lists {
		if i == 0 || l.Time.Before(s.Time) {
			s.Time = l.Time
		}
		if l.More {
			s.More = append(s.More, q.Roles[i])
		}
	}
	var classes []Classified
	for i, role := range q.Roles {
		// Each by its own time (R5): an answer may be long in coming, and whoever has
		// beaten since the other one would seem silent.
		classes = append(classes, Classify(role, lists[i].Keys, Moment{
			Time: lists[i].Time, Horizon: r.Horizon(lists[i].Time), Expiry: r.Expiry, Over: q.Over,
		}))
	}
	if err := r.readAddresses(ctx, classes, q.Pick); err != nil {
		return Snapshot{}, err
	}
	s.add(classes)
	return s, nil
}

// readAddresses fills in the addresses of the picked members. Of a heartbeat
// that was removed since it was listed, or that holds no address, the member is
// taken out.
func (r *Registry) readAddresses(ctx context.Context, classes []Classified, picks map[Role]Pick) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	read := make([][]reading, len(classes))
	for n, class := range classes {
		read[n] = make([]reading, len(class.Live))
		pick := picks[class.Role]
		if pick == nil {
			pick = Freshest(len(class.Live))
		}
		for _, i := range pick(len(class.Live)) {
			g.Go(func() error { return r.readAddress(gctx, class.Live[i].key(class.Role), &read[n][i]) })
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for n := range classes {
		classes[n].take(read[n])
	}
	return nil
}

// reading is what one heartbeat's body turned out to be.
type reading struct {
	address string
	gone    bool
	bad     error
}

func (r *Registry) readAddress(ctx context.Context, key string, to *reading) error {
	obj, err := r.Store.Get(ctx, key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		to.gone = true
		return nil
	case errors.Is(err, ErrTooLarge):
		to.bad = ErrTooLarge
		return nil
	}
	to.address, to.bad = string(obj.Body), CheckAddress(string(obj.Body))
	return err
}

func (l *Classified) take(readings []reading) {
	var live []Member
	for i, m := range l.Live {
		switch got := readings[i]; {
		case got.gone:
		case got.bad != nil:
			l.Ignored = append(l.Ignored, Ignored{m.key(l.Role), got.bad.Error()})
		default:
			m.Address = got.address
			live = append(live, m)
		}
	}
	l.Live = live
}

func (s *Snapshot) add(classes []Classified) {
	for _, l := range classes {
		s.Live[l.Role] = l.Live
		s.Expired = append(s.Expired, l.Expired...)
		s.Ahead = append(s.Ahead, l.Ahead...)
		s.Ignored = append(s.Ignored, l.Ignored...)
	}
	slices.Sort(s.Expired)
	slices.Sort(s.Ahead)
	slices.SortFunc(s.Ignored, func(a, b Ignored) int { return strings.Compare(a.Key, b.Key) })
}
