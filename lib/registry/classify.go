package registry

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Live reports whether a heartbeat counts at store time now (R7). One that is exactly
// expiry old is expired, as the Ruby gem has it. One from the future counts: taking a
// living server for a dead one is the worse mistake.
func (h Heartbeat) Live(now time.Time, expiry time.Duration) bool {
	return now.Sub(h.Time) < expiry
}

// Member is one live node in one role.
type Member struct {
	Node      string
	Address   string    // empty until it is read
	Heartbeat time.Time // its newest
	Oldest    time.Time // its oldest that is still live
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
	Live    []Member // without addresses; sorted by heartbeat, then node
	Expired []string // keys, ascending
	Ignored []Ignored
}

// Classify sorts the keys of a role at store time now (R4). It is the one place where
// liveness is judged. A node counts once (R7).
func Classify(role Role, keys []string, now time.Time, expiry time.Duration) Classified {
	class := Classified{Role: role}
	newest := map[string]Member{}
	for _, key := range keys {
		h, err := ParseKey(key)
		switch {
		case err != nil:
			class.Ignored = append(class.Ignored, Ignored{key, err.Error()})
		case !h.Live(now, expiry):
			class.Expired = append(class.Expired, key)
		default:
			newest[h.Node] = merge(newest[h.Node], h)
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

// SortMembers sorts by heartbeat, then node.
func SortMembers(members []Member) {
	slices.SortFunc(members, func(a, b Member) int {
		return cmp.Or(a.Heartbeat.Compare(b.Heartbeat), strings.Compare(a.Node, b.Node))
	})
}
