package consul

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/hashicorp/consul/api"

	"auto-consul/lib/node"
)

// unknownToken is what Consul answers for a token that it does not know, alone or at the
// end of a longer sentence. For one that it knows, it says "Permission denied".
const unknownToken = "ACL not found"

// classify gives an error of a request its meaning. Only what cannot come from a
// running agent is [node.ErrNotRunning]: an agent that is taken for dead loses its
// heartbeats and its slot.
func classify(caller context.Context, permission string, err error) error {
	var status api.StatusError
	switch {
	case err == nil:
		return nil
	case caller.Err() != nil:
		return context.Cause(caller)
	case errors.Is(err, context.DeadlineExceeded):
		return node.ErrNoAnswer
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return fmt.Errorf("%w: %w", node.ErrNotRunning, err)
	case !errors.As(err, &status):
		return err
	case status.Code == 403:
		kind := node.ErrNoPermission
		if strings.Contains(status.Body, unknownToken) {
			kind = node.ErrUnknownToken
		}
		return fmt.Errorf("%w: the token (CONSUL_HTTP_TOKEN, CONSUL_HTTP_TOKEN_FILE) needs the permission %s: %s",
			kind, permission, excerpt(status.Body))
	}
	return fmt.Errorf("the Consul agent answered %d: %s", status.Code, excerpt(status.Body))
}

// excerpt returns the beginning of an answer, which may be any page of any server.
func excerpt(body string) string {
	const most = 200
	if len(body) > most {
		return body[:most] + "…"
	}
	return body
}
