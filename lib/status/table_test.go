package status

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/ruletest"
)

// crowd is a cluster of three servers with the longest addresses of IPv6, one of them
// silent, and 30 clients.
func crowd() Status {
	at := func(n int) string { return fmt.Sprintf("2001:db8:1111:2222:3333:4444:5555:%04d", n) }
	s := Status{Registry: "s3://my-bucket/consul", Expiry: ruletest.Expiry, Sample: 100}
	r := rec(rule.Established, 3, slot(1, 400*24*time.Hour), slot(2, old), slot(3, old))
	r.ClusterID = "0123456789abcdef0123456789abcdef"
	s.Seen.Record, s.Seen.Time = r, ruletest.Epoch
	s.Seen.Live = map[registry.Role][]registry.Member{}
	add := func(role registry.Role, n int) {
		m := beats(n, young)
		m.Node, m.Address = fmt.Sprintf("s%d", n), at(n)
		s.Seen.Live[role] = append(s.Seen.Live[role], m)
	}
	for i := range r.Servers {
		r.Servers[i].Address = at(i)
		if i < 2 {
			add(registry.Servers, i+1)
			add(registry.Agents, i+1)
		}
	}
	for n := range 30 {
		add(registry.Agents, 40-n)
	}
	s.Seen.Expired = []string{registry.Heartbeat{Role: registry.Servers, Time: ruletest.Epoch.Add(-old), Node: "s3"}.Key()}
	return s
}

func TestTableIsReadable(t *testing.T) {
	t.Parallel()
	text := crowd().Table()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if n := utf8.RuneCountInString(line); n > 80 || strings.TrimRight(line, " \t") != line {
			t.Errorf("%d columns, want 80 at most and no space in the end: %q", n, line)
		}
	}
	if strings.Contains(text, "\x1b") || strings.Contains(text, "\n\n\n") || !strings.HasSuffix(text, ".\n") {
		t.Errorf("got colours, a gap or no end:\n%s", text)
	}
	for _, want := range []string{
		"30 clients are live (a sample of about 100 where there are more), 20 of them\nare:\n",
		"\ns11     2001:db8:1111:2222:3333:4444:5555:0011  5s ago\n",
		"\ns3      2001:db8:1111:2222:3333:4444:5555:0002  1h0m ago    1h0m ago   silent\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "\ns31 ") || !strings.Contains(text, "\ns30 ") {
		t.Errorf("want the first 20 clients by name:\n%s", text)
	}
}

// An identifier comes from the store, and anybody may have written it.
func TestTableHoldsNoEscapes(t *testing.T) {
	t.Parallel()
	r := rec(rule.Bootstrapping, 1, slot(1, young))
	r.ClusterID, r.Bootstrap.Node = "c\x1b[2J", "s\x1b[2J"
	s := Status{Expiry: ruletest.Expiry, Seen: rule.Observation{Record: r}}
	s.Seen.Time, s.Seen.Ignored = ruletest.Epoch, []registry.Ignored{{Key: "agents/\x1b[2J\nx", Reason: "no"}}
	if text := s.Table(); strings.Contains(text, "\x1b") || strings.Contains(text, "\nx") {
		t.Errorf("got %q", text)
	}
}
