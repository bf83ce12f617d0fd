package consul

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/hashicorp/consul/api"
)

var (
	// ErrNotRunning: nobody listens at the agent's address.
	ErrNotRunning = errors.New("the Consul agent is not running")
	// ErrSilent: no answer has come in time. The agent may hang, or be stopped,
	// and still be a member, and a voter, of its cluster.
	ErrSilent = errors.New("the Consul agent does not answer")
	// ErrNoPermission: the agent is running and refuses the token, or the
	// request without one.
	ErrNoPermission = errors.New("the Consul agent denies access")
)

// classify gives an error of a request its meaning. Only what cannot come from a
// running agent is [ErrNotRunning]: who takes an agent for dead stops its
// heartbeats, and gives its slot away.
func classify(caller context.Context, permission string, err error) error {
	var status api.StatusError
	switch {
	case err == nil:
		return nil
	case caller.Err() != nil:
		return context.Cause(caller)
	case errors.Is(err, context.DeadlineExceeded):
		return ErrSilent
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return fmt.Errorf("%w: %w", ErrNotRunning, err)
	case !errors.As(err, &status):
		return err
	case status.Code == 403:
		return fmt.Errorf("%w: the token (CONSUL_HTTP_TOKEN, CONSUL_HTTP_TOKEN_FILE) needs the permission %s: %s",
			ErrNoPermission, permission, excerpt(status.Body))
	}
	return fmt.Errorf("the Consul agent answered %d: %s", status.Code, excerpt(status.Body))
}

// excerpt is the beginning of an answer, which may be any page of any server.
func excerpt(body string) string {
	const most = 200
	if len(body) > most {
		return body[:most] + "…"
	}
	return body
}
