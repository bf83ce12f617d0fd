package e2e

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// stand is a folder with the runner and the programs, some of them replaced.
func (m *machine) stand(replaced map[string]string) string {
	m.t.Helper()
	for _, name := range []string{"auto-consul", "ac-run", "ac-members", "ac-decide", "ac-exec", "ac-heartbeat"} {
		path := m.path("stand/" + name)
		if text, ok := replaced[name]; ok {
			m.write("stand/"+name, text)
			continue
		}
		data, err := os.ReadFile(filepath.Join(bin(), name))
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o755)); err != nil {
			m.t.Fatal(err)
		}
	}
	return m.path("stand/auto-consul")
}

// fakeConsul writes a program that stands in for consul, and returns its path. Asked
// for its release it says nothing.
func (m *machine) fakeConsul(script string) string {
	m.t.Helper()
	return m.write("consul", "#!/bin/sh\n[ \"$1\" != version ] || exit 0\ncd '"+m.path("")+"'\n"+script)
}

func (m *machine) awaitFile(name string) {
	m.t.Helper()
	eventually(m.t, name, func() error { return exists(m.path(name)) })
}

// awaitSignals waits until the fake has noted n signals.
func (m *machine) awaitSignals(n int) {
	m.t.Helper()
	eventually(m.t, "signals", func() error { return want("signals", strings.Count(m.read("signals"), "\n"), n) })
}

// awaitBeats waits until the registry holds n heartbeats of this server.
func (m *machine) awaitBeats(n int) {
	m.t.Helper()
	eventually(m.t, fmt.Sprintf("%d heartbeats", n), func() error {
		keys, err := m.store.keys()
		keys = slices.DeleteFunc(keys, func(key string) bool {
			return !strings.HasPrefix(key, "servers/") || !strings.HasSuffix(key, "-"+m.node)
		})
		return errors.Join(err, want("heartbeats", len(keys), n))
	})
}

// pid is the one process of this machine that runs a program.
func (m *machine) pid(program string) int {
	m.t.Helper()
	found := m.pids(program)
	if len(found) != 1 {
		m.t.Fatalf("got %d processes of %s, want 1: %v", len(found), program, running(m.t, m.id()))
	}
	return found[0]
}

// beats is the one process that writes this machine's heartbeats. The two others of its
// name are the one that beats beside a command, and its guard.
func (m *machine) beats() int {
	m.t.Helper()
	var found []int
	for pid, argv := range running(m.t, m.id()) {
		if strings.HasPrefix(argv, "ac-heartbeat") && !strings.Contains(argv, "-again") {
			found = append(found, pid)
		}
	}
	if len(found) != 1 {
		m.t.Fatalf("got %d processes that beat, want 1: %v", len(found), running(m.t, m.id()))
	}
	return found[0]
}

// pids are the processes of this machine that run a program.
func (m *machine) pids(program string) (found []int) {
	m.t.Helper()
	for pid, name := range m.programs() {
		if name == program {
			found = append(found, pid)
		}
	}
	return found
}

// programs returns what the processes of this machine run, by process ID.
func (m *machine) programs() map[int]string {
	all := running(m.t, m.id())
	for pid, argv := range all {
		name, _, _ := strings.Cut(argv, " ")
		all[pid] = filepath.Base(name)
	}
	return all
}

// wantNothingLeft checks that no process of the machine runs any more. What was
// killed may take the kernel a moment.
func (m *machine) wantNothingLeft() {
	m.t.Helper()
	eventually(m.t, "the end of all processes", m.nothingLeft)
}

// nothingLeft returns an error as long as a process of the machine runs.
func (m *machine) nothingLeft() error {
	if left := running(m.t, m.id()); len(left) > 0 {
		return fmt.Errorf("left of %s: %q", m.node, slices.Collect(maps.Values(left)))
	}
	return nil
}
