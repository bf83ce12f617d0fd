package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"auto-consul/lib/wire"
)

// A client in the pipe with ac-heartbeat becomes a server and then, as one too many, a
// client again. Each time the pipe ends with 75 and is started again. Node id, services,
// checks and sessions survive both.
func TestPipeChangesRoleBothWays(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "quorum")
	c.env = []string{"AC_GRACE=1"}
	c.addServers()
	c.quickVotes("n1")
	a1 := newMachine(t, "a1", c.store)
	a1.write("consul.d/leave.hcl", "performance { leave_drain_time = \"0s\" }\nports { serf_wan = -1 }\n")
	a1.env = []string{"AC_BIND=" + a1.address} // what a server would listen at is checked before there is one
	c.nodes["a1"], c.runners["a1"] = a1, a1.start(a1.lasting()...)
	c.await(3, 4)
	a1.awaitLeader()
	id := a1.read("data/agent/node-id")
	a1.registerAll()
	session := a1.session()

	c.kill("n3")
	c.awaitVoters("n1", "n2", "a1")
	c.awaitOldRecord()
	if err := errors.Join(a1.hasAll(), a1.hasService(id, "a1"), a1.hasSession(session),
		want("node id", a1.read("data/server/node-id"), id)); err != nil {
		t.Error("as a server: ", err)
	}

	n1 := c.nodes["n1"]
	n1.command("ac-decide", "-r", c.store.url, "-n", "n1", "-a", n1.address, "-d", n1.path("data"), "-s", "2", "-e", "12", "-resize")
	c.awaitListed("n1 n2", "a1 n1 n2")
	a1.awaitLeader()
	eventually(t, "what a1 had registered", func() error { return errors.Join(a1.hasAll(), a1.hasService(id, "a1")) })
	if err := errors.Join(a1.hasSession(session), want("mode", a1.read("data/mode"), wire.Agent), want("node id", a1.read("data/agent/node-id"), id),
		want("starts of the pipe", strings.Count(c.runners["a1"].err.String(), "again after 75\n"), 2)); err != nil {
		t.Error("as a client again: ", err)
	}
	c.awaitVoters("n1", "n2")
	c.awaitOldRecord()
}

// lasting is the pipe of the programs as the README has it, with the beats beside the agent;
// it is started again after 75.
func (m *machine) lasting() []string {
	return []string{
		"sh", "-c", `while :; do
  ac-members -r "$1" -limit 10 -e 12 | ac-decide -n "$2" -a "$3" -d "$4" -s 3 |
    ac-heartbeat -r "$1" -e 12 -t 3 -d "$4" -eligible -grace 1 -- ac-exec -a "$3" -d "$4" -c "$5" -- -client="$3"
  code=$?
  [ "$code" = 75 ] || exit "$code"
  echo again after 75 >&2
done`, "sh", m.store.url, m.node, m.address, m.path("data"), m.path("consul.d"),
	}
}

// registerAll registers a service with a check, and a check of the node, with the agent,
// and lets both pass.
func (m *machine) registerAll() {
	m.t.Helper()
	for path, body := range map[string]string{
		"service/register": fmt.Sprintf(`{"ID":%q,"Name":"web","Check":{"CheckID":"web-check","TTL":"1h"}}`, m.node),
		"check/register":   `{"ID":"node-check","Name":"node-check","TTL":"1h"}`,
	} {
		if err := m.put("/v1/agent/"+path, body); err != nil {
			m.t.Fatal(err)
		}
	}
	for _, check := range []string{"web-check", "node-check"} {
		if err := m.put("/v1/agent/check/pass/"+check, ""); err != nil {
			m.t.Fatal(err)
		}
	}
}

// hasAll checks that the agent has what registerAll has registered, and both checks pass.
func (m *machine) hasAll() error {
	services, checks := map[string]struct{ Service string }{}, map[string]struct{ Status string }{}
	err := errors.Join(m.get("/v1/agent/services", &services), m.get("/v1/agent/checks", &checks))
	return errors.Join(err, want("service", services[m.node].Service, "web"), want("check of the service", checks["web-check"].Status, "passing"),
		want("check of the node", checks["node-check"].Status, "passing"))
}

// put sends something to the agent that has nothing to answer.
func (m *machine) put(path, body string) error {
	req, err := http.NewRequest(http.MethodPut, "http://"+m.address+":8500"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	return want("status of "+path, res.StatusCode, http.StatusOK)
}
