package status

import (
	"fmt"
	"slices"

	"auto-consul/lib/rule"
)

// words says what is missing and what happens next, a paragraph for each matter.
func (s Status) words() []string {
	rec := s.Seen.Record
	switch {
	case rec == nil:
		return s.withoutRecord()
	case rec.State == rule.Gathering:
		return s.gathering(*rec)
	case rec.State == rule.Bootstrapping:
		return s.bootstrapping(*rec)
	}
	return s.established(*rec)
}

// withoutRecord is for a registry without a record (R14, R15, R20).
func (s Status) withoutRecord() []string {
	live, traces := len(s.liveServers()), len(s.Seen.Expired)
	switch {
	case live > 0:
		return []string{
			fmt.Sprintf("No cluster record: %s %s live. A server that knows its cluster's record writes it back.", count(live, "server"), are(live)),
			fmt.Sprintf("A new node whose -servers is %s becomes a client. Another waits until there has been no record for %s, and then writes one for this cluster.",
				orLess(live), span(s.Expiry)),
		}
	case traces > s.Purged:
		return []string{
			"No cluster record: no server is live, and expired heartbeats show that there was a cluster.",
			fmt.Sprintf("A new node watches for %s. If it sees no server then, it does what its -lost-cluster says.", span(s.Expiry)),
		}
	case traces > 0:
		return []string{
			"No cluster record: no server is live. The expired heartbeats that showed that there was a cluster have been removed just now, so the next new node starts one.",
		}
	}
	return []string{"No cluster record: no server is live. The next new node starts a cluster."}
}

// gathering is for a birth that waits for its servers (R43 to R45).
func (s Status) gathering(rec rule.Record) []string {
	here, until, now := 0, rec.Gather.Until, s.Seen.Time
	for _, slot := range rec.Servers {
		if s.Seen.Held(slot, s.Expiry) && rec.Gather.IsHere(slot) {
			here++
		}
	}
	head := fmt.Sprintf("Gathering: %d of %s %s here, ", here, count(rec.Desired, "server"), are(here))
	switch {
	case here == 0:
		head += "so a new node that starts takes a place, and bootstraps alone if nobody else comes."
	case now.Before(until):
		head += fmt.Sprintf("until %s, %s. If all come in time they bootstrap together. Otherwise one of them bootstraps alone, and the others join it.", stamp(until), ago(now.Sub(until)))
		if len(s.zones()) > 0 && here < rec.Desired { // R52
			head += " A node whose zone has a server leaves the places to other zones for half of the gathering at most."
		}
	default:
		head += fmt.Sprintf("and the time for the others ended %s: one of them bootstraps alone.", ago(now.Sub(until)))
	}
	return []string{head}
}

// bootstrapping is for a birth of which no server has seen a leader yet (R25, R32). If
// it fails, others take it over (R19) or gather again (R46).
func (s Status) bootstrapping(rec rule.Record) []string {
	first := plain(rec.Bootstrap.Node)
	how, failed := first+" starts the cluster", ""
	switch {
	case rec.Birth == rule.Quorum:
		how = fmt.Sprintf("%s start the cluster together", count(rec.Desired, "server"))
	case rec.Desired > 1:
		how += " and the other servers join it"
	}
	gathered := rec.Birth == rule.Quorum && rec.Gather != nil
	starter := rec.SlotOf(rec.Bootstrap.Incarnation)
	switch {
	case gathered && len(s.Seen.Vacant(s.Expiry)) > 0:
		failed = "If nobody takes the place of a server that is dead, the others gather again."
	case !gathered && !s.Seen.Held(*starter, s.Expiry):
		failed = fmt.Sprintf("%s is silent: another server of the cluster, or a new node, starts the cluster in its stead if it finds %s dead.", first, first)
	}
	out := append([]string{"Bootstrapping: " + how + ". No server has reported a leader yet."}, s.openPlaces(rec)...)
	if failed != "" {
		out = append(out, failed)
	}
	return out
}

// established is for a cluster that had a leader.
func (s Status) established(rec rule.Record) []string {
	live := len(s.liveServers())
	var head string
	switch {
	case live == 0 && rec.Desired == 1:
		head = "The server is not live."
	case live > rec.Desired:
		head = fmt.Sprintf("%s %s live, and %d %s desired.", count(live, "server"), are(live), rec.Desired, are(rec.Desired))
	case live < rec.Desired:
		head = fmt.Sprintf("%d of %s %s live.", live, count(rec.Desired, "server"), are(live))
	case live == 1:
		head = "The server is live."
	default:
		head = fmt.Sprintf("All %d servers are live.", live)
	}
	out := slices.Concat([]string{head}, s.starting(), s.changes(rec))
	if recovery := s.recovery(rec); len(recovery) > 0 {
		return slices.Concat(out, s.vacancies(), recovery)
	}
	if live == 0 && len(s.Seen.HeldServers(s.Expiry)) < rec.Desired {
		return append(append(out, s.vacancies()...), s.lost(rec))
	}
	return slices.Concat(out, s.openPlaces(rec), s.tooMany(rec))
}

// lost says what happens where the cluster had a leader and no server beats (R13, R20).
func (s Status) lost(rec rule.Record) string {
	const text = "A server that starts again with its data goes on as a server. "
	if rec.Desired > 1 {
		return text + "A new node waits for one, unless its -lost-cluster says restore or bootstrap."
	}
	return text + fmt.Sprintf("A new node watches for %s. If it finds nobody at the address of a place then, it restores the newest snapshot, or starts an empty cluster if there is none, unless its -lost-cluster says otherwise.", span(s.Expiry))
}

// orLess names the numbers up to one.
func orLess(n int) string {
	if n == 1 {
		return "1"
	}
	return fmt.Sprintf("%d or less", n)
}
