package cli

import (
	"net/netip"
	"os"
	"strings"
)

// Announcement holds the three flags that say where a node is.
type Announcement struct {
	Address   string // both of the following
	Bind      string // what Consul binds to
	Advertise string // what is announced, in Consul and in heartbeats
}

// Announcement defines -address, -bind and -advertise.
func (f *FlagSet) Announcement(a *Announcement) {
	f.StringVar(&a.Address, "address", "", "`address` of this node: sets both -bind and -advertise")
	f.StringVar(&a.Bind, "bind", "", "`IP` that Consul binds to; -address, or else 0.0.0.0, if not given")
	f.StringVar(&a.Advertise, "advertise", "", "`IP` that is announced, in Consul and in heartbeats; must be routable")
}

// Announced returns the address that the node announces; empty if none that was given
// can be announced.
func (a Announcement) Announced() string {
	for _, address := range []string{a.Advertise, a.Address} {
		if address != "" {
			return address
		}
	}
	if ip, err := netip.ParseAddr(a.Bind); err == nil && ip.IsUnspecified() {
		return ""
	}
	return a.Bind
}

// ShortHostName returns the host name up to its first dot; empty if there is none.
func ShortHostName() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	short, _, _ := strings.Cut(name, ".")
	return short
}
