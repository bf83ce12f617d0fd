package status

import (
	"fmt"
	"time"

	"auto-consul/lib/rule"
)

// recovery says what becomes of a quorum that was lost and is being recovered; nothing if
// none is (R56, R57).
func (s Status) recovery(rec rule.Record) []string {
	var out []string
	if rec.Recovery != nil && !rec.Recovery.Done {
		out = append(out, goesAhead(rec))
	}
	survivors := rec.LiveSurvivors(s.Seen.Time, s.Expiry)
	if len(survivors) == 0 {
		return out
	}
	var until time.Time
	for _, v := range survivors {
		out = append(out, s.survivor(v))
		if ready := v.ReadyAt(s.Expiry); ready.After(until) {
			until = ready
		}
	}
	next := "The server with the newest log goes ahead when all logs are read and each server that lives takes part"
	if now := s.Seen.Time; now.Before(until) {
		next += fmt.Sprintf(", but not before %s, %s", stamp(until), ago(now.Sub(until)))
	}
	next += "."
	if len(s.liveServers()) == 0 {
		next += " A new node waits for that."
	}
	return append(out, next)
}

// survivor says what is known of a server on which the recovery was typed (R56).
func (s Status) survivor(v rule.Survivor) string {
	at := fmt.Sprintf("%s, at %s", ago(s.Seen.Time.Sub(v.Came)), stamp(v.Came))
	if v.ID == "" {
		return fmt.Sprintf("Recover was typed on %s %s. Its agent has not ended yet, so its log is not read.", v.Node, at)
	}
	return fmt.Sprintf("Recover was typed on %s. Its log was read %s: it ends with entry %d of term %d.", v.Node, at, v.LogIndex, v.LogTerm)
}

// goesAhead says with whose data the cluster goes on, and who waits for that server's
// leader (R57).
func goesAhead(rec rule.Record) string {
	ahead := plain(rec.Bootstrap.Node)
	text := fmt.Sprintf("The lost quorum is recovered with the data of %s, which goes ahead. No server has reported a leader since.", ahead)
	if others := len(rec.Recovery.TookPart) - 1; others > 0 {
		text += fmt.Sprintf(" %s that took part, too, %s for one, to join it anew. If %s never comes back: auto-consul recover -gone %s.",
			count(others, "server"), waits(others), ahead, ahead)
	}
	return text
}

// waits is the verb that fits a number.
func waits(n int) string {
	if n == 1 {
		return "waits"
	}
	return "wait"
}
