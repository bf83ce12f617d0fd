package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// notesSignals notes the signals that it gets, and ends with 7 when told to by a
// file.
const notesSignals = `for signal in HUP INT TERM; do trap "echo $signal >>signals" "$signal"; done
echo $$ >up
while [ ! -e stop ]; do sleep 0.05; done
exit 7
`

func TestRunnerPassesEachSignalOnOnce(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", newDirectory(t))
	p := m.start(m.runner("-t", "1", "-consul", m.fakeConsul(notesSignals), "run")...)
	m.awaitFile("up")
	var sent []string
	for _, s := range []struct {
		name string
		send func()
	}{
		{"HUP", func() { p.signal(syscall.SIGHUP) }},
		{"TERM", func() { p.signal(syscall.SIGTERM) }},
		{"INT", func() { p.signal(syscall.SIGINT) }},
		{"HUP", func() { p.signalGroup(syscall.SIGHUP) }},
		{"INT", func() { p.signalGroup(syscall.SIGINT) }},
		{"TERM", func() { p.signalGroup(syscall.SIGTERM) }},
	} {
		s.send()
		sent = append(sent, s.name)
		m.awaitSignals(len(sent))
	}
	m.write("stop", "")
	if err := want("exit code", p.wait().code, 7); err != nil {
		t.Error(err)
	}
	// A second copy of a signal would be here by now: the agent has ended.
	if err := want("signals", m.read("signals"), strings.Join(sent, "\n")+"\n"); err != nil {
		t.Error(err)
	}
	m.wantNothingLeft()
}

// The control of the test above: a runner that passes signals on to an agent of
// its own process group, which then has the terminal's as well.
func TestNaiveRunnerPassesASignalOnTwice(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", newDirectory(t))
	m.fakeConsul(notesSignals)
	naive := m.write("naive", `#!/bin/sh
trap 'while [ ! -s "${0%/*}/signals" ]; do sleep 0.05; done; kill -s TERM $!' TERM
"${0%/*}/consul" &
wait $!
wait $!
`)
	p := m.start(naive)
	m.awaitFile("up")
	p.signalGroup(syscall.SIGTERM)
	m.awaitSignals(2)
	m.write("stop", "")
	p.wait()
}

// A signal that comes while the agent is only just being started ends it too.
func TestRunnerLosesNoEarlySignal(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", newDirectory(t))
	fake := m.fakeConsul("exec sleep 1000\n")
	for i := range 60 {
		signal := []syscall.Signal{syscall.SIGTERM, syscall.SIGINT}[i%2]
		p := m.start(m.runner("-t", "1", "-consul", fake, "run")...)
		time.Sleep(time.Duration(i) * time.Millisecond)
		p.signal(signal)
		if err := want("exit code", p.wait().code, 128+int(signal)); err != nil {
			t.Fatalf("signal after %d ms: %v", i, err)
		}
		m.wantNothingLeft()
	}
}

func TestRunnerExitCodes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		consul string // a script; without one there is no such file
		args   []string
		want   int
	}{
		{"the agent's own", "exit 42\n", nil, 42},
		{"the agent's own, with heartbeats", "exit 42\n", []string{"-t", "1"}, 42},
		{"a clean end", "exit 0\n", []string{"-t", "1"}, 0},
		{"ended by a signal", "kill -s KILL $$\n", []string{"-t", "1"}, 137},
		{"no consul", "", nil, 127},
		{"not executable", "neither a script nor a program", nil, 126},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "node", newDirectory(t))
			switch {
			case test.want == 126:
				m.write("consul", test.consul)
			case test.consul != "":
				m.fakeConsul(test.consul)
			}
			args := append(test.args, "-consul", m.path("consul"), "run")
			got := m.run("", m.runner(args...)...)
			if err := want("exit code", got.code, test.want); err != nil {
				t.Errorf("%v\nstderr: %s", err, got.stderr)
			}
			m.wantNothingLeft()
		})
	}
}

// Where the record names another cluster the beats are fenced, and the agent is stopped
// by TERM. What beats that die before that come to is tested in lib/supervise.
func TestRunnerEndsAFencedAgent(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", newDirectory(t))
	p := m.start(m.runner("-t", "1", "run", "--", "-client="+m.address)...)
	m.awaitBeats(1)
	path := filepath.Join(strings.TrimPrefix(m.store.url, "file://"), "cluster.json")
	record, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := regexp.MustCompile(`"cluster_id":"[0-9a-f]+"`).ReplaceAll(record, []byte(`"cluster_id":"another"`))
	if err := os.WriteFile(path, other, 0o644); err != nil {
		t.Fatal(err)
	}
	got := p.wait()
	if err := errors.Join(want("exit code", got.code, 76), contains("stderr", got.stderr, "fenced: this server belongs to cluster "),
		contains("stdout", got.stdout, "Caught: signal=terminated")); err != nil {
		t.Errorf("%v\nstderr: %s", err, got.stderr)
	}
	m.wantNothingLeft()
}

func TestRunnerStartsADeadHeartbeatProcessAgain(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", newDirectory(t))
	// Twice the test's patience: a beat that is seen is the first of its process.
	p := m.start(m.runner("-t", "180", "-e", "400", "run", "--", "-client="+m.address)...)
	m.awaitBeats(1)
	before, agent := m.beats(), m.pid("consul")
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	m.awaitBeats(2)
	if after := m.beats(); after == before {
		t.Errorf("the heartbeat process is still %d", before)
	}
	if err := want("the agent's process", m.pid("consul"), agent); err != nil {
		t.Error(err)
	}
	// Consul answers KILL with nothing, so the code is the signal's.
	if err := syscall.Kill(agent, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := want("exit code", p.wait().code, 137); err != nil {
		t.Error(err)
	}
	m.wantNothingLeft()
}

func TestRunnerStopsRealAgents(t *testing.T) {
	t.Parallel()
	s := newDirectory(t)
	server, client := newMachine(t, "server1", s), newMachine(t, "client1", s)
	settings := server.write("settings", "# of both\nticks 5\n")
	ps := server.start(server.runner("-config-file", settings, "run", "--", "-client="+server.address)...)
	server.awaitBeats(1)
	pc := client.start(client.runner("-config-file", settings, "run", "--", "-client="+client.address)...)
	client.awaitLeader()
	ps.signal(syscall.SIGHUP)
	eventually(t, "the reload", func() error {
		if strings.Contains(ps.out.String(), "Caught: signal=hangup") {
			return nil
		}
		return errNotYet
	})
	// Consul's client leaves and ends with 0, unless a second signal cuts it
	// short; its server stops at once with 1.
	pc.signalGroup(syscall.SIGINT)
	if err := want("the client's exit code", pc.wait().code, 0); err != nil {
		t.Error(err)
	}
	ps.signalGroup(syscall.SIGTERM)
	if err := want("the server's exit code", ps.wait().code, 1); err != nil {
		t.Error(err)
	}
	server.wantNothingLeft()
	client.wantNothingLeft()
}

// The control of wantNothingLeft: it finds a process in a session of its own.
func TestLeftProcessIsFound(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", newDirectory(t))
	m.run("", "sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 &")
	eventually(t, "the left process", func() error { return want("processes", len(running(t, m.id())), 1) })
}
