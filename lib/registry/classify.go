package registry

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Live reports whether a heartbeat is younger than the expiry at store time now (R7). One
// that is exactly expiry old is expired, as the Ruby gem has it.
func (h Heartbeat) Live(now time.Time, expiry time.Duration) bool {
	return now.Sub(h.Time) < expiry
}

// Member is one live node in one role.
type Member struct {
	Node      string
	Address   string    // empty until it is read
	Heartbeat time.Time // its newest
	Oldest    time.Time // its oldest that is still live
	// Ahead reports that all its heartbeats are dated in the future. Where a node has others,
	// too, those alone count (R53).
	Ahead bool
}

// key is the key of the member's newest heartbeat.
func (m Member) key(role Role) string { return Heartbeat{role, m.Heartbeat, m.Node}.Key() }

// Ignored is a key that does not count, and why.
type Ignored struct {
	Key    string
	Reason string
}

// Classified is what the keys of one role say at one moment.
type Classified struct {
	Role    Role
	Live    []Member // without addresses, as [SortMembers] sorts them
	Expired []string // keys, ascending
	Ahead   []string // keys that are dated in the future and count still (R53)
	Ignored []Ignored
}

// Moment is what the keys of heartbeats are judged by.
type Moment struct {
	Time    time.Time // store time of their listing (R4)
	Horizon time.Time // no clock of the store's may be later ([Registry.Horizon]); zero: not known
	Expiry  time.Duration
	Over    map[string]bool // keys ahead of the horizon that have had their time (R53)
}

// Classify sorts the keys of a role at a moment (R4). It is the one place where liveness
// is judged. A node counts once (R7).
func Classify(role Role, keys []string, at Moment) Classified {
	class := Classified{Role: role}
	newest, ahead := map[string]Member{}, map[string]Member{}
	for _, key := range keys {
		h, err := ParseKey(key)
		switch {
		case err != nil:
			class.Ignored = append(class.Ignored, Ignored{key, err.Error()})
		case !h.Live(at.Time, at.Expiry) || at.Over[key]:
			class.Expired = append(class.Expired, key)
		case Ahead(h.Time, at.Horizon):
			class.Ahead = append(class.Ahead, key)
			ahead[h.Node] = merge(ahead[h.Node], h)
		default:
			newest[h.Node] = merge(newest[h.Node], h)
		}
	}
	for node, m := range ahead {
		if _, beats := newest[node]; !beats { // a node's other heartbeats are later than they say
			m.Ahead = true
			newest[node] = m
		}
	}
	for _, m := range newest {
		class.Live = append(class.Live, m)
	}
	SortMembers(class.Live)
	return class
}

// merge returns the member with one more of its heartbeats.
func merge(m Member, h Heartbeat) Member {
	if m.Node == "" {
		return Member{Node: h.Node, Heartbeat: h.Time, Oldest: h.Time}
	}
	if h.Time.After(m.Heartbeat) {
		m.Heartbeat = h.Time
	}
	if h.Time.Before(m.Oldest) {
		m.Oldest = h.Time
	}
	return m
}

// SortMembers sorts by heartbeat, then node. Members of whom nobody knows when they have
// beaten, because their heartbeats are dated in the future, come first.
func SortMembers(members []Member) {
	slices.SortFunc(members, func(a, b Member) int {
		switch {
		case a.Ahead && !b.Ahead:
			return -1
		case b.Ahead && !a.Ahead:
			return 1
		}
		return cmp.Or(a.Heartbeat.Compare(b.Heartbeat), strings.Compare(a.Node, b.Node))
	})
}
