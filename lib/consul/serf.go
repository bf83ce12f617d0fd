package consul

import (
	"context"
	"errors"
	"net"
	"time"
)

// serfPort is where every agent listens for its peers, unless it is configured
// otherwise.
const serfPort = "8301"

// Answers reports whether somebody accepts a connection at the serf port of an
// address within a second. A process that was stopped still does.
func Answers(ctx context.Context, address string) bool {
	return dialSerf(ctx, address) == nil
}

// Blackholed reports whether the serf port of an address neither accepts a
// connection nor refuses it within a second. To join such an address costs an agent
// 10 s, in which it joins nobody else.
func (*Agent) Blackholed(ctx context.Context, address string) bool {
	var failed net.Error
	return errors.As(dialSerf(ctx, address), &failed) && failed.Timeout()
}

func dialSerf(ctx context.Context, address string) error {
	d := net.Dialer{Timeout: time.Second}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(address, serfPort))
	if err != nil {
		return err
	}
	_ = conn.Close() // the answer is known
	return nil
}
