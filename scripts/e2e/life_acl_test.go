package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"auto-consul/lib/wire"
)

const (
	managerToken = "8f246b77-f3e1-ff88-5b48-8ec93abf3e05"
	beatsToken   = "5b0f0f26-6d1a-4c9e-9d56-0a4f4b1d7c11"
	serverToken  = "c3a51f0e-24a7-4d0c-8c1f-3b0f7d7f9a22"
)

// What README's table says of tokens, line by line. A token that may not is one line, the
// node keeps its role, and nothing is left half done in the record. One that gets what it
// needs changes the role.
func TestRolesWithAccessControl(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "quorum")
	c.env = []string{"AC_GRACE=1", "CONSUL_HTTP_TOKEN=" + managerToken}
	for _, name := range []string{"n1", "n2", "n3"} {
		c.addGuarded(name)
	}
	c.await(3, 3)
	c.awaitVoters("n1", "n2", "n3")
	c.quickVotes("n1")
	n1 := c.nodes["n1"]
	n1.mayDo("beats", beatsToken, `agent_prefix "" { policy = "read" }`)
	n1.mayDo("server", serverToken, `agent_prefix "" { policy = "read" } node_prefix "" { policy = "read" }`)
	c.addGuarded("a1", "CONSUL_HTTP_TOKEN="+beatsToken)
	c.await(3, 4)
	a1 := c.nodes["a1"]
	a1.awaitLeader()
	process := a1.pid("consul")

	c.kill("n3")
	c.awaitSaid("this client does not take its place: ", "a1")
	said := c.runners["a1"].err.String()
	if err := errors.Join(want("lines", strings.Count(said, "does not take its place"), 1), contains("said", said, "node:read"),
		c.hasSlots("n1", "n2", "n3"), want("process", a1.pid("consul"), process)); err != nil {
		t.Error(err)
	}
	n1.mayDo("beats", "", `agent_prefix "" { policy = "read" } node_prefix "" { policy = "read" }`)
	c.awaitVoters("n1", "n2", "a1")
	c.awaitOldRecord()

	c.restart("n3", c.nodes["n3"], "CONSUL_HTTP_TOKEN="+serverToken)
	n3 := c.runners["n3"]
	c.awaitSaid("this server does not step down: ", "n3")
	c.awaitOldRecord() // the mark is taken back
	if err := errors.Join(contains("said", n3.err.String(), "agent:write"), want("mode", c.nodes["n3"].read("data/mode"), wire.Server),
		want("lines", strings.Count(n3.err.String(), "this server does not step down"), 1)); err != nil {
		t.Error(err)
	}
	c.awaitVoters("n1", "n2", "n3", "a1")

	n1.mayDo("server", "", `agent_prefix "" { policy = "write" } node_prefix "" { policy = "read" } operator = "read"`)
	c.stop("n3")
	c.restart("n3", c.nodes["n3"], "CONSUL_HTTP_TOKEN="+serverToken)
	eventually(t, "a client n3", func() error { return want("mode", c.nodes["n3"].read("data/mode"), wire.Agent) })
	c.awaitVoters("n1", "n2", "a1")
	c.awaitOldRecord()
}

// addGuarded starts a node of a cluster with ACLs, which denies all that no token allows.
func (c *cluster) addGuarded(name string, env ...string) {
	c.t.Helper()
	m := newMachine(c.t, name, c.store)
	m.token = managerToken
	m.guard(fmt.Sprintf("initial_management = %[1]q\n    agent = %[1]q", managerToken))
	c.nodes[name] = m
	c.restart(name, m, env...)
}

// guard has the machine's agent deny all that no token allows, and gives it tokens.
func (m *machine) guard(tokens string) {
	m.t.Helper()
	m.write("consul.d/acl.hcl", fmt.Sprintf(`acl {
  enabled = true
  default_policy = "deny"
  tokens {
    %s
  }
}
performance { leave_drain_time = "0s" }
ports { serf_wan = -1 }
`, tokens))
}

// mayDo makes a policy and a token that has it, or changes the policy where no token is
// given.
func (m *machine) mayDo(policy, token, rules string) {
	m.t.Helper()
	if token == "" {
		m.command("consul", "acl", "policy", "update", "-name", policy, "-rules", rules)
		return
	}
	m.command("consul", "acl", "policy", "create", "-name", policy, "-rules", rules)
	m.command("consul", "acl", "token", "create", "-secret", token, "-policy-name", policy)
}
