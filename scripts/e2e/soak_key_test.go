package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// ledger keeps the keys that Consul has acknowledged. A key's value is the key itself.
type ledger struct {
	mu    sync.Mutex
	tried atomic.Int64
	acked []string
}

func soakKey(n int64) string { return fmt.Sprintf("soak/%06d", n) }

// write puts the next key through a machine's agent.
func (l *ledger) write(m *machine) {
	key := soakKey(l.tried.Add(1))
	answer, err := m.key(http.MethodPut, key, key)
	if err != nil || strings.TrimSpace(answer) != "true" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked = append(l.acked, key)
}

// keys returns the keys that are acknowledged by now.
func (l *ledger) keys() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.acked)
}

// check reads all keys through a machine's agent: as the leader has them or, if the
// consistency is stale, as this server has them. Missing reports keys that were
// acknowledged before and are not there; err is why there is no answer.
func (l *ledger) check(m *machine, consistency string) (missing, err error) {
	keys := l.keys()
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
	have := map[string]string{}
	for _, e := range entries {
		have[e.Key] = string(e.Value)
	}
	if gone := missingKeys(keys, have); err == nil && len(gone) > 0 {
		missing = fmt.Errorf("%d of %d acknowledged keys are missing at %s (%s): %v", len(gone), len(keys), m.node, consistency, gone[:min(5, len(gone))])
	}
	return missing, err
}

// missingKeys returns the keys that are not there with their values.
func missingKeys(keys []string, have map[string]string) (out []string) {
	for _, key := range keys {
		if have[key] != key {
			out = append(out, key)
		}
	}
	return out
}

// A key that is deleted or overwritten is missing; one that was never acknowledged is not.
func TestSoakKeys(t *testing.T) {
	t.Parallel()
	keys := []string{soakKey(1), soakKey(2), soakKey(4)}
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
		if err := want("missing", strings.Join(missingKeys(keys, have), " "), test.want); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
