package rule

import (
	"slices"
	"time"
)

// Slot is the right of one incarnation to be a server.
type Slot struct {
	Incarnation string    `json:"incarnation"`
	Node        string    `json:"node"`
	Address     string    `json:"address"`
	Since       time.Time `json:"since"` // store time of the claim, or of its renewal
	// Promoted is the store time at which a running client claimed the slot. No renewal
	// moves it, and it is taken out when the slot's server votes (R49).
	Promoted time.Time `json:"promoted,omitzero"`
	// Zone is the failure domain of the slot's node; empty if it is not known. A release
	// that does not know zones leaves it out of what it writes, and the slot's server writes
	// it back (R52).
	Zone string `json:"zone,omitempty"`
}

// slot returns a slot for a node, claimed now.
func (s Self) slot(now time.Time) Slot {
	return Slot{Incarnation: s.Incarnation, Node: s.Node, Address: s.Address, Zone: s.Zone, Since: now}
}

// SlotOf returns the slot of an incarnation, or nil if it holds none. Changes to
// it change the record.
func (r Record) SlotOf(incarnation string) *Slot {
	i := slices.IndexFunc(r.Servers, func(s Slot) bool { return s.Incarnation == incarnation })
	if i < 0 || incarnation == "" {
		return nil
	}
	return &r.Servers[i]
}

// Age returns how old the claim, or its last renewal, is.
func (s Slot) Age(now time.Time) time.Duration { return now.Sub(s.Since) }

// Fresh reports whether the slot is younger than the expiry. Its node counts as a
// server then, because it may not have had the time yet to start its agent and to beat
// (R8).
func (s Slot) Fresh(now time.Time, expiry time.Duration) bool { return s.Age(now) < expiry }

// FreshUntil returns when the slot is an expiry old: the end of the time that its node
// has to start (R8).
func (s Slot) FreshUntil(expiry time.Duration) time.Time { return s.Since.Add(expiry) }

// DueForRenewal reports whether a slot that must stay fresh is to be renewed (R16,
// R31).
func (s Slot) DueForRenewal(now time.Time, expiry time.Duration) bool {
	return s.Age(now) >= expiry/2
}

// UnderWay reports whether the slot was claimed by a running client, and its server does
// not vote yet (R49).
func (s Slot) UnderWay() bool { return !s.Promoted.IsZero() }

// Changes reports whether a client has claimed the slot and is on its way to vote. One that
// has had its time keeps nobody else from changing (R51).
func (s Slot) Changes(now time.Time, expiry time.Duration) bool {
	return s.UnderWay() && !s.tooLate(now, expiry)
}

// IsAt reports whether the slot names a node at an address.
func (s Slot) IsAt(node, address string) bool { return s.Node == node && s.Address == address }

// newSlot returns a slot for this server, claimed now.
func (r Running) newSlot() Slot {
	return r.Self.slot(r.Time)
}
