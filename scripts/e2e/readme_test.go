package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block is a command of the README and where it says that it is run.
type block struct {
	where      string
	background bool
	text       string
}

// TestReadme runs every command of the README, word for word: each machine is a
// network namespace with the address that the text gives it.
func TestReadme(t *testing.T) {
	blocks := readme(t)
	l := newLAN(t)
	home := t.TempDir()
	machines := map[string]*host{}
	at := func(name, address string) *host {
		if machines[name] == nil {
			machines[name] = l.host(name, address, home)
		}
		return machines[name]
	}
	for i, b := range blocks {
		switch b.where {
		case "build":
			l.install(home, b.text)
		case "boot": // TestReadmeUserData runs it
		case "both":
			for n := range 3 {
				at(fmt.Sprintf("m%d", n), fmt.Sprintf("192.168.50.%d", 110+n)).background(b.text)
			}
			at("m0", "").awaitServers(3)
		case "pipe":
			at("m3", "192.168.50.113").background(b.text)
			at("m3", "").awaitServers(3)
		case "server1":
			for n := range 4 {
				machines[fmt.Sprintf("m%d", n)].down()
			}
			at("server1", "192.168.50.100").background(b.text)
			at("server1", "").awaitServers(1)
		case "agent1":
			m := at("agent1", "192.168.50.101")
			if b.background {
				m.background(b.text)
				m.awaitServers(1)
				if strings.HasPrefix(b.text, "ac-heartbeat ") {
					m.awaitTwoBeats(m.up[len(m.up)-1])
				}
				continue
			}
			got := m.run(b.text)
			if got.code != 0 || got.stdout == "" {
				t.Fatalf("block %d: code %d\n%s\nstdout: %s\nstderr: %s", i, got.code, b.text, got.stdout, got.stderr)
			}
			for _, line := range walkThrough[strings.Fields(b.text)[0]+fmt.Sprint(strings.Count(b.text, "\n"))] {
				if !regexp.MustCompile(line).MatchString(got.stdout) {
					t.Errorf("%s\nprinted %s\nwant %s", b.text, got.stdout, line)
				}
			}
		default:
			t.Errorf("the README has commands that no test runs, at %q:\n%s", b.where, b.text)
		}
	}
	if len(machines) != 6 {
		t.Errorf("%d machines were used, want 6", len(machines))
	}
}

// awaitTwoBeats waits until a heartbeat loop has gone round.
func (h *host) awaitTwoBeats(loop *process) {
	h.lan.t.Helper()
	eventually(h.lan.t, "two beats of the loop", func() error {
		if loop.ended() {
			h.lan.t.Fatalf("the loop has ended with %d: %s", loop.code(), loop.err.String())
		}
		return atLeast("beats", strings.Count(loop.out.String(), `"role":"agent"`), 2)
	})
}

// walkThrough is what the blocks of the second machine print, by their first
// word and number of lines.
var walkThrough = map[string][]string{
	"auto-consul2": {
		`(?m)^server1 +192.168.50.100 +\w+ ago +\w+ ago +held$`,
		`(?m)^The server is live\.$`,
		`"node":"agent1","address":"192.168.50.101","role":"agent"`,
		`(?m)^agent1 +192.168.50.101:8301 +alive +client`,
		`(?m)^server1 +192.168.50.100:8301 +alive +server`,
	},
	"ac-heartbeat2": {`"role":"agent"`, `"node":"agent1","removed":\["agents/\d+-agent1"`},
	"ac-members3":   {`(?m)^192.168.50.100\n192.168.50.100\n\{.*"mode":"agent"`},
}

// readme takes the README's commands out of it. A block without a comment that
// says where it is run has no place, which is an error to the caller.
func readme(t *testing.T) []block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	for _, m := range regexp.MustCompile("(?s)(<!-- run: ([a-z0-9 ]+) -->\n)?```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		where, mode, _ := strings.Cut(m[2], " ")
		out = append(out, block{where, mode == "background", m[3]})
	}
	if len(out) < 7 {
		t.Fatalf("the README has %d blocks of commands, want 7 at least", len(out))
	}
	return out
}
