package status

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	full := strings.Repeat("ä", width)
	for text, want := range map[string]string{
		"":                       "\n",
		"one  word\nand another": "one word and another\n",
		full:                     full + "\n",
		full[2:] + " x":          full[2:] + "\nx\n", // the word and its space do not fit
		full[4:] + " x":          full[4:] + " x\n",
		"x " + full + "y z":      "x\n" + full + "y\nz\n", // a longer word stands alone
	} {
		if got := wrap(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestAgo(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]string{
		0:                                     "0s ago",
		59*time.Second + 999*time.Millisecond: "59s ago",
		time.Minute:                           "1m0s ago",
		time.Hour - time.Second:               "59m59s ago",
		time.Hour:                             "1h0m ago",
		24*time.Hour - time.Minute:            "23h59m ago",
		24 * time.Hour:                        "1d0h ago",
		400*24*time.Hour + 5*time.Hour:        "400d5h ago",
		-61 * time.Second:                     "in 1m1s",
	} {
		if got := ago(age); got != want {
			t.Errorf("%v: got %q, want %q", age, got, want)
		}
	}
}

// What anybody may have written into the registry does not reach a terminal.
func TestPlain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"agents/README":         "agents/README",
		"a b":                   "a b",
		"\x1b[2J":               `"\x1b[2J"`,
		"a\nb":                  `"a\nb"`,
		"a\u202eb":              `"a\u202eb"`,
		`"a"`:                   `"\"a\""`,
		"\xff":                  `"\xff"`,
		strings.Repeat("ä", 64): strings.Repeat("ä", 64),
		strings.Repeat("ä", 65): strings.Repeat("ä", 64) + "…",
	} {
		if got := plain(text); got != want || !utf8.ValidString(got) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestEscape(t *testing.T) {
	t.Parallel()
	if got, want := escape("a\\b\"c\nd é"), `a\\b\"c\nd é`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
