package e2e

import (
	"errors"
	"strings"
	"testing"

	"auto-consul/lib/wire"
)

// agent starts a Consul server of its own, with more configuration.
func (m *machine) agent(config string, more ...string) *process {
	m.t.Helper()
	m.write("consul.d/more.hcl", config)
	return m.start(append([]string{
		"consul", "agent", "-server", "-bootstrap", "-node=" + m.node, "-bind=" + m.address,
		"-data-dir=" + m.path("state"), "-config-dir=" + m.path("consul.d"),
	}, more...)...)
}

func TestHeartbeatWithoutAgent(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		m := newMachine(t, "node", s)
		for _, argv := range [][]string{{"ac-heartbeat", "-r", s.url}, m.runner("heartbeat"), m.runner("-t", "5", "heartbeat")} {
			got := m.run("", argv...)
			if err := errors.Join(want("exit code", got.code, 255), want("stdout", got.stdout, "")); err != nil {
				t.Errorf("%v: %v", argv, err)
			}
		}
		m.wantKeys()
	})
}

// Every way to name the agent that Consul's own tools know.
func TestHeartbeatFindsTheAgent(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", newDirectory(t))
	socket := m.path("agent.sock")
	m.agent(`addresses { http = "` + m.address + " unix://" + socket + `" }`)
	m.awaitLeader()
	for _, address := range []string{m.address + ":8500", "http://" + m.address + ":8500", "unix://" + socket} {
		m.env = []string{"CONSUL_HTTP_ADDR=" + address}
		for _, argv := range [][]string{{"ac-heartbeat", "-r", m.store.url}, m.runner("-t", "5", "heartbeat")} {
			got := m.run("", argv...)
			if got.code != 0 {
				t.Errorf("%s: %v: got exit code %d\nstderr: %s", address, argv, got.code, got.stderr)
				continue
			}
			beat := decode[wire.Beat](t, got.stdout)
			if err := errors.Join(want("role", beat.Role, wire.Server), want("node", beat.Node, m.node), want("address", beat.Address, m.address)); err != nil {
				t.Errorf("%s: %v", address, err)
			}
		}
	}
}

func TestHeartbeatWithAccessControl(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", newDirectory(t))
	const token = "8f246b77-f3e1-ff88-5b48-8ec93abf3e05"
	m.agent(`acl {
  enabled = true
  default_policy = "deny"
  tokens { initial_management = "`+token+`" }
}`, "-client="+m.address)
	m.awaitLeader()
	got := m.run("", "ac-heartbeat", "-r", m.store.url)
	if err := errors.Join(want("exit code", got.code, 1), want("stdout", got.stdout, ""), contains("stderr", got.stderr, "agent:read")); err != nil {
		t.Error(err)
	}
	m.wantKeys()
	m.env = []string{"CONSUL_HTTP_TOKEN_FILE=" + m.write("token", token+"\n")}
	eventually(t, "a beat with the token", func() error {
		got := m.run("", "ac-heartbeat", "-r", m.store.url)
		return errors.Join(want("exit code", got.code, 0), contains("stdout", got.stdout, `"role":"server"`))
	})
}

// In the loop an agent that is not up yet is no error, and beats once it is.
func TestHeartbeatLoopWaitsForTheAgent(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", newDirectory(t))
	loop := m.start("ac-heartbeat", "-r", m.store.url, "-t", "180", "-e", "400")
	m.agent("", "-client="+m.address)
	eventually(t, "the first beat", func() error { return contains("stdout", loop.out.String(), `"role":"server"`) })
	if loop.ended() {
		t.Error("the loop has ended")
	}
}

// wantKeys checks what the registry holds.
func (m *machine) wantKeys(expected ...string) {
	m.t.Helper()
	keys, err := m.store.keys()
	if err := errors.Join(err, want("keys", strings.Join(keys, " "), strings.Join(expected, " "))); err != nil {
		m.t.Error(err)
	}
}
