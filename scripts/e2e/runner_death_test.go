package e2e

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"
)

// underEachShell runs a test with whatever /bin/sh may be: on Debian one, on Red
// Hat and Amazon the other. consul and heartbeat stand in for the two programs.
func underEachShell(t *testing.T, consul, heartbeat string, test func(t *testing.T, m *machine, runner []string)) {
	t.Helper()
	t.Parallel()
	for _, shell := range []string{"dash", "bash"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "node", newDirectory(t))
			in := func(script string) string { return "#!/bin/sh\ncd " + m.path("") + "\n" + script }
			runner := m.runner("-t", "1", "-consul", m.write("consul", in(consul)), "run")
			runner[0] = m.stand(map[string]string{"ac-heartbeat": in(heartbeat)})
			test(t, m, append([]string{"/bin/" + shell}, runner...))
		})
	}
}

// The agent and its heartbeats are killed at one moment, and the shell hears of
// both at once. The exit code is the agent's all the same.
func TestRunnerWhoseChildrenDieTogether(t *testing.T) {
	const (
		consul    = "echo $$ >agent\nexec sleep 1000\n"
		heartbeat = "until [ -s agent ]; do sleep 0.01; done\nkill -s KILL $(cat agent) $$\n"
	)
	underEachShell(t, consul, heartbeat, func(t *testing.T, m *machine, runner []string) {
		for i := range 40 {
			got := m.run("", runner...)
			if err := want("exit code", got.code, 137); err != nil {
				t.Fatalf("run %d: %v\nstderr: %s", i, err, got.stderr)
			}
			m.wantNothingLeft()
			m.write("agent", "")
		}
	})
}

// Where the ground of the decision is gone, one and the same runner stops the
// agent, decides again and starts another.
func TestRunnerDecidesAgain(t *testing.T) {
	const (
		consul = "echo start >>agents\ntrap 'echo TERM >>agents; exit 1' TERM\n: >up\n" +
			"while [ ! -e stop ]; do sleep 0.05; done\nexit 7\n"
		heartbeat = "until [ -e up ]; do sleep 0.05; done\nrm up\n" +
			"[ -e again ] || { : >again; exit 75; }\n: >stop\nexec sleep 1000\n"
	)
	underEachShell(t, consul, heartbeat, func(t *testing.T, m *machine, runner []string) {
		got := m.run("", runner...)
		if err := errors.Join(want("exit code", got.code, 7), want("the agents' lives", m.read("agents"), "start\nTERM\nstart\n"),
			contains("stderr", got.stderr, "auto-consul: deciding again\n")); err != nil {
			t.Errorf("%v\nstderr: %s", err, got.stderr)
		}
		m.wantNothingLeft()
	})
}

// A runner may be killed at any moment, also while it is only just starting an
// agent or a heartbeat.
func TestRunnerKilledEarlyLeavesNothing(t *testing.T) {
	underEachShell(t, "exec sleep 1000\n", "sleep 0.01\n", func(t *testing.T, m *machine, runner []string) {
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
