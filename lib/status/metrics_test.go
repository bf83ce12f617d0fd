package status

import (
	"regexp"
	"strings"
	"testing"

	"auto-consul/lib/rule"
	"auto-consul/lib/ruletest"
)

// The text format wants each metric described before its first value, each series once
// and a line end after the last.
func TestMetricsFormat(t *testing.T) {
	t.Parallel()
	namesakes := crowd()
	namesakes.Seen.Record.Servers[1].Node = "s1" // two slots of one name
	empty := Status{Expiry: ruletest.Expiry, Seen: rule.Observation{}}
	sample := regexp.MustCompile(`^(auto_consul_[a-z_]+)(\{node="[^"\\]*"\})? [0-9]+$`)
	for name, s := range map[string]Status{"a crowd": crowd(), "two slots of one name": namesakes, "nothing": empty} {
		text := s.Metrics()
		if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
			t.Errorf("%s: got the end %q, want one line end", name, text[len(text)-2:])
		}
		seen, described := map[string]bool{}, ""
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			metric, isType := strings.CutPrefix(line, "# TYPE ")
			m := sample.FindStringSubmatch(line)
			switch {
			case strings.HasPrefix(line, "# HELP "):
			case isType:
				described = strings.TrimSuffix(metric, " gauge")
				if !strings.Contains(text, "# HELP "+described+" ") {
					t.Errorf("%s: %s has no help", name, described)
				}
			case m == nil || m[1] != described:
				t.Errorf("%s: got the line %q after the type of %q", name, line, described)
			}
			if id, _, ok := strings.Cut(line, "} "); ok && seen[id] || seen[line] {
				t.Errorf("%s: %q is there twice", name, line)
			} else {
				seen[id], seen[line] = true, true
			}
		}
	}
}
