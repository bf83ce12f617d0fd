package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// ledger keeps the keys that Consul has acknowledged. A key's value is the key itself.
type ledger struct {
	mu    sync.Mutex
	tried int64
	acked []ack
	loss  loss // what is not settled yet
	lost  int  // keys that losses have taken
}

// ack is a key whose writing was acknowledged.
type ack struct {
	key string
	at  time.Time
}

// loss is the time in which keys were acknowledged that a loss of servers may have taken.
type loss struct{ from, to time.Time }

func (l loss) mayTake(a ack) bool { return !a.at.Before(l.from) && !a.at.After(l.to) }

func soakKey(n int64) string { return fmt.Sprintf("soak/%06d", n) }

// write puts the next key through a machine's agent.
func (l *ledger) write(m *machine) {
	l.mu.Lock()
	l.tried++
	key := soakKey(l.tried)
	l.mu.Unlock()
	answer, err := m.key(http.MethodPut, key, key)
	if err != nil || strings.TrimSpace(answer) != "true" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked = append(l.acked, ack{key, time.Now()})
}

// count returns how many keys are acknowledged by now, and have not been lost.
func (l *ledger) count() int { return l.countSince(time.Time{}) }

// countSince returns how many keys were acknowledged since then.
func (l *ledger) countSince(since time.Time) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.acked {
		if a.at.After(since) {
			n++
		}
	}
	return n
}

// lose has the next look at what the leader has settle which keys a loss has taken.
func (l *ledger) lose(what loss) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loss = what
}

// check reads all keys through a machine's agent: as the leader has them or, if the
// consistency is stale, as this server has them. Missing reports keys that were
// acknowledged before and are not there; err is why there is no answer.
func (l *ledger) check(m *machine, consistency string) (missing, err error) {
	begin := time.Now()
	text, err := m.key(http.MethodGet, "soak?recurse&"+consistency, "")
	if err != nil {
		return nil, err
	}
	var entries []struct {
		Key   string
		Value []byte
	}
	if text != "" {
		err = json.Unmarshal([]byte(text), &entries)
	}
	if err != nil {
		return nil, err
	}
	have := map[string]string{}
	for _, e := range entries {
		have[e.Key] = string(e.Value)
	}
	if gone := l.missing(have, begin, consistency != "stale"); len(gone) > 0 {
		missing = fmt.Errorf("%d of %d acknowledged keys are missing at %s (%s): %v", len(gone), l.count(), m.node, consistency, gone[:min(5, len(gone))])
	}
	return missing, nil
}

// missing returns which of the keys that were acknowledged when a look began are not there
// with their values. Those that a loss may have taken are none of them; what the leader has
// after it settles which it has taken, and the others may not be missing from then on.
func (l *ledger) missing(have map[string]string, begin time.Time, leader bool) (out []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	settles := leader && begin.After(l.loss.to)
	kept := l.acked[:0:0]
	for _, a := range l.acked {
		switch gone := !a.at.After(begin) && have[a.key] != a.key; {
		case gone && l.loss.mayTake(a):
			if settles {
				l.lost++
				continue
			}
		case gone:
			out = append(out, a.key)
		}
		kept = append(kept, a)
	}
	if settles {
		l.acked, l.loss = kept, loss{}
	}
	return out
}

// A key that is deleted or overwritten is missing; one that was never acknowledged is not.
func TestSoakKeys(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, want string
		spoil      func(have map[string]string)
	}{
		{"all there", "", func(map[string]string) {}},
		{"deleted", soakKey(2), func(h map[string]string) { delete(h, soakKey(2)) }},
		{"overwritten", soakKey(2), func(h map[string]string) { h[soakKey(2)] = soakKey(1) }},
	} {
		have := map[string]string{soakKey(1): soakKey(1), soakKey(2): soakKey(2), soakKey(3): "", soakKey(4): soakKey(4)}
		test.spoil(have)
		l, now := ledger{}, time.Now()
		for _, n := range []int64{1, 2, 4} {
			l.acked = append(l.acked, ack{soakKey(n), now})
		}
		if err := want("missing", strings.Join(l.missing(have, now, true), " "), test.want); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// A loss takes what was acknowledged in its time and is not there when the leader is asked
// first. A key from before or from after it is missing, and so is one that was there then
// and is not any more. Who is asked before the loss is over, or is no leader, settles
// nothing, and nobody settles what was acknowledged while he was asked.
func TestSoakLostKeys(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
	l := ledger{loss: loss{from: at(10), to: at(14)}}
	for n := range 25 {
		l.acked = append(l.acked, ack{soakKey(int64(n)), at(n)})
	}
	all := map[string]string{}
	for _, a := range l.acked {
		all[a.key] = a.key
	}
	for _, step := range []struct {
		name   string
		begin  int // of the look, after so many seconds
		leader bool
		gone   []int64
		want   string
		lost   int
	}{
		{"not over", 12, true, []int64{9, 11, 12, 15}, "soak/000009", 0},
		{"no leader", 20, false, []int64{9, 11, 12, 15}, "soak/000009 soak/000015", 0},
		{"settled", 20, true, []int64{9, 10, 11, 14, 15, 24}, "soak/000009 soak/000015", 3},
		{"settled before", 21, true, []int64{10, 12, 13}, "soak/000012 soak/000013", 3},
	} {
		have := maps.Clone(all)
		for _, n := range step.gone {
			delete(have, soakKey(n))
		}
		got := strings.Join(l.missing(have, at(step.begin), step.leader), " ")
		if err := errors.Join(want("missing", got, step.want), want("lost", l.lost, step.lost), want("kept", l.count(), 25-step.lost)); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
	}
}
