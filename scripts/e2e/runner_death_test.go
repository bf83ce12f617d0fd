package e2e

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// underEachShell runs a test with whatever /bin/sh may be: on Debian one, on Red Hat and
// Amazon the other. consul stands in for Consul, replaced for programs.
func underEachShell(t *testing.T, consul string, replaced map[string]string, test func(t *testing.T, m *machine, runner []string)) {
	t.Helper()
	t.Parallel()
	for _, shell := range []string{"dash", "bash"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "node", newDirectory(t))
			runner := m.runner("-t", "1", "-consul", m.fakeConsul(consul), "run")
			own := map[string]string{}
			for name, script := range replaced {
				own[name] = "#!/bin/" + shell + "\ncd '" + m.path("") + "'\n" + script
			}
			runner[0] = m.stand(own)
			for _, script := range []string{"auto-consul", "ac-run"} {
				text := m.read("stand/" + script)
				m.write("stand/"+script, "#!/bin/"+shell+strings.TrimPrefix(text, "#!/bin/sh"))
			}
			test(t, m, runner)
		})
	}
}

// Where the ground of the decision is gone, which here ac-exec finds, one and the same
// runner decides again.
func TestRunnerDecidesAgain(t *testing.T) {
	for _, ticks := range []string{"0", "1"} {
		t.Run("ticks "+ticks, func(t *testing.T) {
			exec := map[string]string{"ac-exec": "[ \"$1\" != -check ] || exit 0\necho start >>agents\n[ -e again ] || { : >again; exit 75; }\nexit 7\n"}
			underEachShell(t, "exit 1\n", exec, func(t *testing.T, m *machine, runner []string) {
				got := m.run("", append(runner, "-t", ticks)...)
				if err := errors.Join(want("exit code", got.code, 7), want("the agents' lives", m.read("agents"), "start\nstart\n"),
					contains("stderr", got.stderr, "auto-consul: deciding again\n")); err != nil {
					t.Errorf("%v\nstderr: %s", err, got.stderr)
				}
				m.wantNothingLeft()
			})
		})
	}
}

// A runner may be killed at any moment, also while it is only just starting an agent or
// a heartbeat. The control, a guard that is missing, is in lib/supervise.
func TestRunnerKilledEarlyLeavesNothing(t *testing.T) {
	underEachShell(t, "exec sleep 1000\n", nil, func(t *testing.T, m *machine, runner []string) {
		for i := range 80 {
			p := m.start(runner...)
			time.Sleep(time.Duration(i) * 2 * time.Millisecond)
			p.signal(syscall.SIGKILL)
			p.wait()
			m.wantNothingLeft()
		}
	})
}

// A client that lost its runner leaves its cluster, which takes seconds. One that
// is started meanwhile waits for it.
func TestClientWhoseRunnerWasKilledStartsAgain(t *testing.T) {
	t.Parallel()
	s := newDirectory(t)
	server, client := newMachine(t, "server1", s), newMachine(t, "client1", s)
	server.start(server.runner("-t", "2", "run", "--", "-client="+server.address)...)
	server.awaitBeats(1)
	argv := client.runner("-t", "2", "run", "--", "-client="+client.address)
	p := client.start(argv...)
	client.awaitLeader()
	before := client.pid("consul")
	p.signal(syscall.SIGKILL)
	p.wait()
	again := client.start(argv...)
	eventually(t, "the client's second agent", func() error {
		if again.ended() {
			return fmt.Errorf("the runner has ended with %d: %s", again.code(), again.err.String())
		}
		// For a moment the first has ended and the second has not begun.
		if now := client.pids("consul"); len(now) != 1 || now[0] == before {
			return errNotYet
		}
		_, err := client.leader()
		return err
	})
}
