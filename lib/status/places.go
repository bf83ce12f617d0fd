package status

import (
	"fmt"

	"auto-consul/lib/rule"
)

// starting names the slots that are held by their age alone: their servers do not beat,
// and others leave them the time to start (R8).
func (s Status) starting() []string {
	var out []string
	for _, slot := range s.Seen.Slots() {
		if end := slot.FreshUntil(s.Expiry); slot.Fresh(s.Seen.Time, s.Expiry) && !s.Seen.BeatsAsServer(slot.Node) {
			out = append(out, fmt.Sprintf("The place of %s is kept until %s, %s: its server has no live heartbeat yet.",
				slot.Node, stamp(end), ago(s.Seen.Time.Sub(end))))
		}
	}
	return out
}

// vacancies names the slots that nobody holds.
func (s Status) vacancies() []string {
	var out []string
	for _, slot := range s.Seen.Vacant(s.Expiry) {
		text := fmt.Sprintf("The place of %s is vacant: ", slot.Node)
		if last, ok := s.lastBeat(slot.Node); ok {
			text += fmt.Sprintf("its last heartbeat as a server was %s, at %s.", ago(s.Seen.Time.Sub(last)), stamp(last))
		} else {
			text += "the registry holds no heartbeat of it as a server."
		}
		out = append(out, text)
	}
	return out
}

// openPlaces names the slots that nobody holds, counts those that nobody has claimed,
// and says who takes them (R17, R18).
func (s Status) openPlaces(rec rule.Record) []string {
	out := s.vacancies()
	if free := rec.Desired - len(rec.Servers); free > 0 {
		out = append(out, fmt.Sprintf("%s %s free.", count(free, "place"), are(free)))
	}
	if len(out) > 0 {
		out = append(out, s.taker(rec))
	}
	return out
}

// taker says who takes the places that are open.
func (s Status) taker(rec rule.Record) string {
	vacant, free, others := s.Seen.Vacant(s.Expiry), rec.Desired > len(rec.Servers), s.clientTaker(rec)
	switch {
	case len(s.Seen.HeldServers(s.Expiry)) >= rec.Desired:
		return "There are enough other servers, so a new node becomes a client, and no client becomes a server."
	case len(vacant) == 0:
		return "A new node that starts takes a free place at once." + others
	case free:
		return "A new node that starts takes a free place at once, or a vacant one if it finds that one's server dead." + others
	case len(vacant) == 1:
		node := vacant[0].Node
		return fmt.Sprintf("A new node that starts takes it at once if it finds %s dead.%s If %s comes back first, it keeps its place.", node, others, node)
	}
	return "A new node that starts takes one of them at once if it finds that one's server dead." + others + " A server that comes back first keeps its place."
}

// clientTaker says when a running client takes a place that is open (R22, R48, R49). How
// long the grace is, the registry does not know: each node was told.
func (s Status) clientTaker(rec rule.Record) string {
	switch {
	case rec.State != rule.Established:
		return " So may a running client that has found no server: it decides again."
	case s.clientsWait(rec):
		return " A running client does not before the change that is under way is done."
	}
	text := " A running client that may change its role does once the place has been open for that client's -grace."
	if len(s.zones()) > 0 { // R52
		text += " One whose zone has a server waits up to half of it longer."
	}
	return text
}
