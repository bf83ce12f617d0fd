package e2e

import (
	"io"
	"net/http"
	"os"
	"testing"
)

// A machine's image is started while the machine runs.
func TestOutageCopied(t *testing.T) {
	t.Parallel()
	o := newOutageServer(t, newDirectory(t))
	m := newMachine(t, "copy", o.store)
	if err := os.CopyFS(m.path("data"), os.DirFS(o.path("data"))); err != nil {
		t.Fatal(err)
	}
	p := m.start(m.outageArgs()...)
	got := p.wait()
	if err := want("code", got.code, 76); err != nil {
		t.Error(err)
	}
	wantOutage(t, "A machine's image is copied", func() string { return got.stderr })
}

// The token of the heartbeats is revoked.
func TestOutageToken(t *testing.T) {
	t.Parallel()
	const management = "7e1a7f2c-6f0e-4a53-9a53-0d3b4c2d1a10"
	m := newMachine(t, "server1", newDirectory(t))
	m.write("consul.d/acl.hcl", "acl {\n  enabled = true\n  default_policy = \"deny\"\n  tokens {\n    initial_management = \""+management+"\"\n  }\n}\n")
	token := "3d4cf1f0-52ab-4e6f-8b64-6a9d3fd0c7b2"
	m.env = []string{"CONSUL_HTTP_TOKEN=" + token}
	o := &outageServer{m, m.start(m.outageArgs()...)}
	manage := []string{"consul", "acl", "token"}
	admin := *m
	admin.env = []string{"CONSUL_HTTP_TOKEN=" + management}
	eventually(t, "a token", func() error {
		got := admin.run("", append(manage, "create", "-policy-name=global-management", "-secret="+token)...)
		return want("code", got.code, 0)
	})
	o.awaitBeating()
	accessor := admin.accessor(token)
	if got := admin.run("", append(manage, "delete", "-accessor-id="+accessor)...); got.code != 0 {
		t.Fatal(got.stderr)
	}
	wantOutage(t, "A token is revoked", o.said)
	if o.runner.ended() {
		t.Error("got the server ended, want it to run on")
	}
}

// accessor returns the accessor id of a token.
func (m *machine) accessor(token string) string {
	m.t.Helper()
	var self struct{ AccessorID string }
	q, err := http.NewRequest(http.MethodGet, "http://"+m.address+":8500/v1/acl/token/self", nil)
	if err != nil {
		m.t.Fatal(err)
	}
	q.Header.Set("X-Consul-Token", token)
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	self = decode[struct{ AccessorID string }](m.t, string(body))
	return self.AccessorID
}
