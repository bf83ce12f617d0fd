package cli

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain takes the caller's own settings away, which would otherwise be
// settings of the programs under test.
func TestMain(m *testing.M) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, envPrefix+"_") {
			os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}

const testDoc = `/*
ac-test does nothing.

# Usage

	ac-test -r URL
*/
package main
`

// testProgram has flags of every kind and records what it was given.
type testProgram struct {
	url, node, dir, config string
	where                  Announcement
	servers                int
	expiry, ticks, timeout time.Duration
	purge, leave           bool
	until                  string
	rest                   []string

	takesRest  bool
	check, run error
	calls      []string
	print      any
}

func (p *testProgram) Flags(f *FlagSet) {
	p.calls = append(p.calls, "flags")
	f.Registry(&p.url)
	f.Node(&p.node, "the host name")
	f.Announcement(&p.where)
	f.DataDir(&p.dir)
	f.ConfigDir(&p.config)
	f.Servers(&p.servers)
	f.Expiry(&p.expiry)
	f.Ticks(&p.ticks)
	f.Timeout(&p.timeout)
	f.BoolVar(&p.purge, "purge", true, "remove expired heartbeats")
	f.Verb(&p.leave, "leave", "leave the cluster")
	f.VerbString(&p.until, "until", "wait for this `gate`")
	if p.takesRest {
		f.Rest(&p.rest)
	}
}

func (p *testProgram) Check(Streams) error {
	p.calls = append(p.calls, "check")
	return p.check
}

func (p *testProgram) Run(_ context.Context, s Streams) error {
	p.calls = append(p.calls, "run")
	if p.print != nil {
		if err := s.Print(p.print); err != nil {
			return err
		}
	}
	return p.run
}

// writes keeps each write apart.
type writes []string

func (w *writes) Write(b []byte) (int, error) {
	*w = append(*w, string(b))
	return len(b), nil
}

// result is what a run left behind.
type result struct {
	code     int
	out, err writes
}

func runTest(t *testing.T, p *testProgram, args ...string) result {
	t.Helper()
	var r result
	s := Streams{Name: "ac-test", In: strings.NewReader(""), Out: &r.out, Err: &r.err}
	r.code = Run(t.Context(), p, testDoc, args, s)
	return r
}
