package consul

import (
	"context"
	"net"
	"time"
)

// serfPort is where every agent listens for its peers, unless it is configured
// otherwise.
const serfPort = "8301"

// Answers reports whether somebody accepts a connection at an address's serf
// port within a second. A process that was stopped still does.
func Answers(ctx context.Context, address string) bool {
	d := net.Dialer{Timeout: time.Second}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(address, serfPort))
	if err != nil {
		return false
	}
	_ = conn.Close() // the answer is known
	return true
}
