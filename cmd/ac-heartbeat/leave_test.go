package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"auto-consul/lib/consul"
)

// A leader that is lost between two questions is none.
func TestSpareWithLeaderLost(t *testing.T) {
	for _, test := range []struct{ then, want string }{
		{`""`, "there is no leader, and so no quorum that s1 could keep; -force leaves all the same"},
		{`"127.9.9.2:8300"`, "answered 500: No cluster leader; -force leaves without asking"},
	} {
		leader := `"127.9.9.1:8300"`
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/status/leader" {
				http.Error(w, "No cluster leader", http.StatusInternalServerError)
				return
			}
			_, _ = w.Write([]byte(leader)) // a client that is gone wants no answer
			leader = test.then
		}))
		t.Cleanup(web.Close)
		t.Setenv("CONSUL_HTTP_ADDR", web.URL)
		agent, err := consul.NewAgent()
		if err != nil {
			t.Fatal(err)
		}
		h := &heart{program: &program{}, agent: agent}
		if err := h.spare(t.Context(), "s1"); err == nil || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}
