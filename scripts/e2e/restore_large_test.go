package e2e

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A state of 512 MiB is restored, before its server starts. That takes longer than work
// with the registry may, and the programs never have it in memory.
func TestProveRestoreLarge(t *testing.T) {
	if os.Getenv("PROVE") != "full" {
		t.Skip("only PROVE=full fills a Consul")
	}
	const timeout = time.Second
	origin := newMachine(t, "n1", newDirectory(t))
	runner := origin.start(origin.runner("run", "--", "-client="+origin.address)...)
	origin.awaitLeader()
	size := origin.fill(4096)
	origin.wantKeyPut("kept", "yes")
	origin.command("consul", "snapshot", "save", origin.path("save.snap"))
	body := origin.read("save.snap")
	if len(body) < size {
		t.Fatalf("got a snapshot of %d bytes, want %d or more", len(body), size)
	}
	runner.signal(syscall.SIGTERM)
	runner.wait()

	// One after the other: it is the time that counts.
	for name, fresh := range map[string]func(*testing.T) store{"file": newDirectory, "s3": newBucket} {
		t.Run(name, func(t *testing.T) {
			s := fresh(t)
			snapshot := s.keep(t, s.lost(t, 1), 1, body)
			m := newMachine(t, "n1", s)
			p := m.start(m.runner("-e", "4", "-t", "1", "-timeout", timeout.String(), "run", "--", "-client="+m.address)...)
			within(t, 2*patience, "the restore", func() error { return contains("stderr", p.err.String(), "restoring "+snapshot) })
			began, most := time.Now(), 0
			within(t, 5*time.Minute, "its end", func() error {
				for _, pid := range append(m.pids("ac-exec"), m.pids("ac-heartbeat")...) {
					if kib, err := peak(pid); err == nil { // it may have become the agent
						most = max(most, kib)
					}
				}
				return contains("stderr", p.err.String(), "restored "+snapshot)
			})
			took := time.Since(began)
			m.awaitLeader()
			m.wantKey("kept", "yes")
			rec, err := s.record()
			if err := errors.Join(err, want("tries", strings.Count(p.err.String(), "restoring "), 1), want("term, of one birth", rec.Bootstrap.Term, 2)); err != nil {
				t.Error(err)
			}
			if took <= timeout || most == 0 || most<<10 > mostMemory {
				t.Errorf("got it restored in %v with at most %d KiB in memory, want longer than %v and %d KiB or less", took, most, timeout, mostMemory>>10)
			}
			t.Logf("%d bytes were restored in %v, with at most %d KiB in memory", len(body), took.Round(100*time.Millisecond), most)
		})
	}
}
