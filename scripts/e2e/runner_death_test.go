package e2e

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"
)

// shells are what /bin/sh may be: on Debian one, on Red Hat and Amazon the other.
var shells = []string{"dash", "bash"}

// under has a shell run a script.
func under(shell string, script []string) []string {
	return append([]string{"/bin/" + shell}, script...)
}

// The agent and its heartbeats are killed at one moment, and the shell hears of
// both at once. The exit code is the agent's all the same.
func TestRunnerWhoseChildrenDieTogether(t *testing.T) {
	t.Parallel()
	for _, shell := range shells {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "node", newDirectory(t))
			runner := m.runner("-t", "1", "-consul", m.write("consul", "#!/bin/sh\necho $$ >"+m.path("agent")+"\nexec sleep 1000\n"), "run")
			runner[0] = m.stand(map[string]string{
				"ac-heartbeat": "#!/bin/sh\nuntil [ -s " + m.path("agent") + " ]; do sleep 0.01; done\nkill -s KILL $(cat " + m.path("agent") + ") $$\n",
			})
			for i := range 40 {
				got := m.run("", under(shell, runner)...)
				if err := want("exit code", got.code, 137); err != nil {
					t.Fatalf("run %d: %v\nstderr: %s", i, err, got.stderr)
				}
				m.wantNothingLeft()
				m.write("agent", "")
			}
		})
	}
}

// Where the ground of the decision is gone, one and the same runner stops the
// agent, decides again and starts another.
func TestRunnerDecidesAgain(t *testing.T) {
	t.Parallel()
	for _, shell := range shells {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "node", newDirectory(t))
			runner := m.runner("-t", "1", "-consul", m.write("consul", "#!/bin/sh\ncd "+m.path("")+"\necho start >>agents\n"+
				"trap 'echo TERM >>agents; exit 1' TERM\n: >up\nwhile [ ! -e stop ]; do sleep 0.05; done\nexit 7\n"), "run")
			runner[0] = m.stand(map[string]string{
				"ac-heartbeat": "#!/bin/sh\ncd " + m.path("") + "\nuntil [ -e up ]; do sleep 0.05; done\nrm up\n" +
					"[ -e again ] || { : >again; exit 75; }\n: >stop\nexec sleep 1000\n",
			})
			got := m.run("", under(shell, runner)...)
			if err := errors.Join(want("exit code", got.code, 7), want("the agents' lives", m.read("agents"), "start\nTERM\nstart\n"),
				contains("stderr", got.stderr, "auto-consul: deciding again\n")); err != nil {
				t.Errorf("%v\nstderr: %s", err, got.stderr)
			}
			m.wantNothingLeft()
		})
	}
}

// A runner may be killed at any moment, also while it is only just starting an
// agent or a heartbeat.
func TestRunnerKilledEarlyLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, shell := range shells {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "node", newDirectory(t))
			runner := m.runner("-t", "1", "-consul", m.write("consul", "#!/bin/sh\nexec sleep 1000\n"), "run")
			runner[0] = m.stand(map[string]string{"ac-heartbeat": "#!/bin/sh\nsleep 0.01\n"})
			for i := range 80 {
				p := m.start(under(shell, runner)...)
				time.Sleep(time.Duration(i) * 2 * time.Millisecond)
				p.signal(syscall.SIGKILL)
				p.wait()
				m.wantNothingLeft()
			}
		})
	}
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
		if client.pid("consul") == before {
			return errNotYet
		}
		_, err := client.leader()
		return err
	})
}
