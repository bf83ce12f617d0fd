package consul

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/consul/api"

	"auto-consul/lib/node"
)

// catalog is an agent that answers what a test says, by path, and takes note of what it is
// told in transactions.
func catalog(t *testing.T, answers map[string]string) (a *Agent, told func() string) {
	t.Helper()
	var bodies []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil && len(body) > 0 {
			bodies = append(bodies, string(body))
		}
		text, ok := answers[r.URL.Path]
		if rest, left := strings.CutPrefix(text, leavesOut); left {
			text = rest
			w.Header().Set("X-Consul-Results-Filtered-By-Acls", "true")
		}
		if !ok {
			http.Error(w, "Permission denied", http.StatusForbidden)
			return
		}
		if strings.Contains(text, `"Errors":[{`) {
			w.WriteHeader(http.StatusConflict)
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(srv.Close)
	a, err := newAgent(&api.Config{Address: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	return a, func() string { return strings.Join(bodies, "\n") }
}

// leavesOut begins an answer of which Consul leaves something out without a word.
const leavesOut = "leaves out: "

const staleSelf = `{"Config":{"NodeName":"s1","Server":true},"Member":{"Addr":"192.0.2.1"},"Stats":{"raft":{"last_log_index":"12"},"serf_lan":{"members":"4"}}}`

const staleMembers = `[
	{"Name":"S2","Status":1,"Tags":{"id":"new2","role":"consul"}},
	{"Name":"s3","Status":1,"Tags":{"id":"same3"}},
	{"Name":"s4","Status":4,"Tags":{"id":"new4"}},
	{"Name":"ext","Status":1,"Tags":{"id":"member"}}]`

const staleCatalog = `[
	{"Node":"s2","ID":"old2","ModifyIndex":7},
	{"Node":"s3","ID":"same3","ModifyIndex":8},
	{"Node":"s4","ID":"old4","ModifyIndex":9},
	{"Node":"s5","ID":"old5","ModifyIndex":10},
	{"Node":"ext","ID":"","ModifyIndex":11}]`

// Only a node that carries Consul's check of members and has the name of one that lives
// with another id is stale: no other node, be it of no member at all (R55).
func TestStaleNodes(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"/v1/agent/self": staleSelf, "/v1/agent/members": staleMembers, "/v1/catalog/nodes": staleCatalog,
		"/v1/health/node/s2":  `[{"CheckID":"web"},{"CheckID":"serfHealth"}]`,
		"/v1/health/node/ext": `[{"CheckID":"ping"}]`,
	}
	a, _ := catalog(t, answers)
	got, err := a.StaleNodes(t.Context())
	if want := []node.StaleNode{{Name: "s2", ID: "old2", Index: 7}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, path := range []string{"/v1/agent/members", "/v1/catalog/nodes"} {
		some := maps.Clone(answers)
		some[path] = leavesOut + "[]"
		a, _ := catalog(t, some)
		if got, err := a.StaleNodes(t.Context()); !errors.Is(err, node.ErrNoPermission) || !strings.Contains(err.Error(), "node:read") {
			t.Errorf("of %s some are left out: got %v, %v, want the permission named", path, got, err)
		}
	}
	for _, path := range []string{"/v1/agent/members", "/v1/catalog/nodes", "/v1/health/node/s2"} {
		denied := map[string]string{}
		for p, text := range answers {
			if p != path {
				denied[p] = text
			}
		}
		a, _ := catalog(t, denied)
		if got, err := a.StaleNodes(t.Context()); !errors.Is(err, node.ErrNoPermission) || !strings.Contains(err.Error(), "node:read") {
			t.Errorf("%s denied: got %v, %v, want the permission named", path, got, err)
		}
	}
}

// A node that was written since is left alone.
func TestDeregister(t *testing.T) {
	t.Parallel()
	stale := node.StaleNode{Name: "s2", ID: "old2", Index: 7}
	a, told := catalog(t, map[string]string{"/v1/txn": `{"Results":[],"Errors":null}`})
	if err := a.Deregister(t.Context(), stale); err != nil {
		t.Error(err)
	}
	var ops []struct {
		Node struct {
			Verb string
			Node struct {
				Node        string
				ModifyIndex uint64
			}
		}
	}
	if err := json.Unmarshal([]byte(told()), &ops); err != nil || len(ops) != 1 {
		t.Fatalf("got told %s, %v", told(), err)
	}
	if op := ops[0].Node; op.Verb != "delete-cas" || op.Node.Node != "s2" || op.Node.ModifyIndex != 7 {
		t.Errorf("got %+v, want the node deleted if it is as it was", op)
	}
	a, _ = catalog(t, map[string]string{"/v1/txn": `{"Results":null,"Errors":[{"OpIndex":0,"What":"failed to delete node \"s2\", index is stale"}]}`})
	if err := a.Deregister(t.Context(), stale); err == nil || !strings.Contains(err.Error(), "index is stale") {
		t.Errorf("got %v, want what Consul says", err)
	}
	a, _ = catalog(t, nil)
	if err := a.Deregister(t.Context(), stale); !errors.Is(err, node.ErrNoPermission) {
		t.Errorf("got %v, want it denied", err)
	}
}
