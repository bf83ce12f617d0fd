package status

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"auto-consul/lib/registry"
)

// Of long lists so many are shown.
const (
	mostClients = 20
	mostIgnored = 5
)

// Table returns the status for people: the places, the clients, and in words what is
// missing and what happens next. It is plain text for 80 columns.
func (s Status) Table() string {
	parts := []string{s.head()}
	if places := s.places(); places != "" {
		parts = append(parts, places)
	}
	parts = append(parts, s.clientTable())
	if notes := s.notes(); notes != "" {
		parts = append(parts, notes)
	}
	var b strings.Builder
	for _, sentence := range s.datedBack().words() {
		b.WriteString(wrap(sentence))
	}
	return strings.Join(append(parts, b.String()), "\n")
}

// head names the registry, the time, the cluster and its newest snapshot.
func (s Status) head() string {
	cluster := "none"
	if rec := s.Seen.Record; rec != nil {
		cluster = fmt.Sprintf("%s, generation %d, %s", plain(rec.ClusterID), rec.Bootstrap.Term, rec.State)
	}
	text := fmt.Sprintf("registry  %s\ntime      %s, by the store's clock\ncluster   %s\n", s.Registry, stamp(s.Seen.Time), cluster)
	switch snap := s.Snapshot; {
	case s.NoSnapshot != "":
		text += "snapshot  " + s.NoSnapshot + "\n"
	case snap != nil:
		text += fmt.Sprintf("snapshot  %s, %s, %d bytes\n", stamp(snap.Time), ago(s.Seen.Time.Sub(snap.Time)), snap.Size)
	}
	return text
}

// places lists the slots in the order of their claims, and then the live servers that
// hold none.
func (s Status) places() string {
	var rows [][]string
	for _, slot := range s.Seen.Slots() {
		place := "silent"
		if s.Seen.Held(slot, s.Expiry) {
			place = "held"
		}
		rows = append(rows, []string{slot.Node, orDash(slot.Zone), slot.Address, ago(slot.Age(s.Seen.Time)), s.heartbeat(slot.Node), place})
	}
	for _, m := range s.unplaced() {
		rows = append(rows, []string{m.Node, "-", orDash(m.Address), "-", s.heartbeat(m.Node), "none"})
	}
	titles := []string{"SERVER", "ZONE", "ADDRESS", "SINCE", "HEARTBEAT", "PLACE"}
	if len(s.zones()) == 0 {
		titles = slices.Delete(titles, 1, 2)
		for i := range rows {
			rows[i] = slices.Delete(rows[i], 1, 2)
		}
	}
	return columns(titles, rows)
}

// heartbeat says how old a server's last heartbeat is.
func (s Status) heartbeat(node string) string {
	at, ok := s.lastBeat(node)
	if !ok {
		return "-"
	}
	return ago(s.Seen.Time.Sub(at))
}

// clientTable counts the clients and lists some of them by name.
func (s Status) clientTable() string {
	all := s.clients()
	text := fmt.Sprintf("%s %s live", count(len(all), "client"), are(len(all)))
	if s.Sample > 0 {
		text += fmt.Sprintf(" (a sample of about %d where there are more)", s.Sample)
	}
	listed := slices.DeleteFunc(slices.Clone(all), func(m registry.Member) bool { return m.Address == "" })
	slices.SortFunc(listed, func(a, b registry.Member) int { return strings.Compare(a.Node, b.Node) })
	listed = listed[:min(len(listed), mostClients)]
	switch {
	case len(listed) == 0:
		return wrap(text + ".")
	case len(listed) < len(all):
		text += fmt.Sprintf(", %d of them %s", len(listed), are(len(listed)))
	}
	var rows [][]string
	for _, m := range listed {
		rows = append(rows, []string{m.Node, m.Address, ago(s.Seen.Time.Sub(m.Heartbeat))})
	}
	return wrap(text+":") + columns([]string{"CLIENT", "ADDRESS", "HEARTBEAT"}, rows)
}

// notes say what lies in the registry beside live heartbeats; empty if nothing does.
func (s Status) notes() string {
	var b strings.Builder
	if n := len(s.Seen.Expired); n > 0 {
		text := fmt.Sprintf("%s: %d removed just now", count(n, "expired heartbeat"), s.Purged)
		if left := n - s.Purged; left > 0 {
			text += fmt.Sprintf(", %d still there", left)
		}
		b.WriteString(wrap(text + "."))
	}
	if text := s.future(); text != "" {
		b.WriteString(wrap(text))
	}
	ignored := s.Seen.Ignored
	for _, i := range ignored[:min(len(ignored), mostIgnored)] {
		b.WriteString(wrap(fmt.Sprintf("ignored %s: %s", plain(i.Key), i.Reason)))
	}
	if more := len(ignored) - mostIgnored; more > 0 {
		b.WriteString("ignored " + count(more, "further key") + "\n")
	}
	return b.String()
}

// columns aligns rows below their titles; without rows there is nothing.
func columns(titles []string, rows [][]string) string {
	if len(rows) == 0 {
		return ""
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{titles}, rows...) {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // a strings.Builder takes everything
	return b.String()
}

// orDash stands in for an address that was not read, or a zone that nobody was told.
func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
