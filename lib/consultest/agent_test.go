package consultest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"auto-consul/lib/consultest"
)

// ask sends one request on a connection of its own and returns the status and the text
// of the answer.
func ask(ctx context.Context, method, url, token string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		return "", err
	}
	r.Header.Set("X-Consul-Token", token)
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(resp.Body)
	return fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(string(body))), errors.Join(err, resp.Body.Close())
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	a := consultest.New(map[string]string{
		"self": "me", "leader.500": "none", "members.hang": "", "join": "a b", "c.hang": "", "leave.403": "stay",
	})
	a.Token = "secret"
	url := a.Start(t)
	const denied, refused, hangs = "403 Permission denied: anonymous token lacks permission", "500 Failed to join d: connection refused", "hangs"
	for _, tt := range []struct{ method, path, token, want string }{
		{"GET", "/v1/agent/self", "secret", "200 me"},
		{"GET", "/v1/agent/self", "other", denied},
		{"GET", "/v1/status/leader", "secret", "500 none"},
		{"GET", "/v1/agent/members", "secret", hangs},
		{"GET", "/v1/operator/raft/configuration", "secret", denied},
		{"PUT", "/v1/agent/join/b", "secret", "200 "},
		{"PUT", "/v1/agent/join/c", "secret", hangs},
		{"PUT", "/v1/agent/join/d", "secret", refused},
		{"PUT", "/v1/agent/leave", "secret", "403 stay"},
		{"PUT", "/v1/agent/self", "secret", "418 unexpected PUT /v1/agent/self"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		if tt.want == hangs {
			time.AfterFunc(50*time.Millisecond, cancel)
		}
		got, err := ask(ctx, tt.method, url+tt.path, tt.token)
		cancel()
		if errors.Is(err, context.Canceled) {
			got, err = hangs, nil
		}
		if got != tt.want || err != nil {
			t.Errorf("%s %s: got %q, %v, want %q", tt.method, tt.path, got, err, tt.want)
		}
	}
	if got := a.Count("PUT /v1/agent/join/"); got != 3 {
		t.Errorf("got %d joins counted, want 3", got)
	}
	a.Answer(fstest.MapFS{})
	if got, err := ask(t.Context(), "GET", url+"/v1/agent/self", "secret"); got != denied {
		t.Errorf("without answers: got %q, %v, want %q", got, err, denied)
	}
}

// An agent that leaves answers and has ended then, and one that is stopped breaks the
// requests under way. Both refuse.
func TestEnds(t *testing.T) {
	t.Parallel()
	left := consultest.New(nil)
	url := left.Start(t)
	if got, err := ask(t.Context(), "PUT", url+"/v1/agent/leave", ""); got != "200 " {
		t.Errorf("got %q, %v, want an answer", got, err)
	}
	stopped := consultest.New(map[string]string{"self.hang": ""})
	other := stopped.Start(t)
	broken := make(chan error)
	go func() {
		_, err := ask(t.Context(), "GET", other+"/v1/agent/self", "")
		broken <- err
	}()
	for len(stopped.Requests()) == 0 {
		time.Sleep(time.Millisecond)
	}
	stopped.Stop()
	if err := <-broken; err == nil {
		t.Error("got an answer, want the connection to break")
	}
	for _, at := range []string{url, other} {
		if got, err := ask(t.Context(), "GET", at+"/v1/agent/self", ""); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %q, %v, want it refused", got, err)
		}
	}
	if want := []string{"PUT /v1/agent/leave"}; !slices.Equal(left.Requests(), want) {
		t.Errorf("got %q, want %q", left.Requests(), want)
	}
}
