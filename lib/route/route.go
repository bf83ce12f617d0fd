// Package route finds the address that other machines most likely reach this
// one at: that of the interface which its default route leads through. The
// choice is a pure function; only [Local] looks at the machine.
package route

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Default is a default route.
type Default struct {
	Interface string // its name
	IPv6      bool   // or IPv4
	Metric    uint64 // the lowest is used
}

// Address is an IP address of an interface.
type Address struct {
	Interface string // its name
	IP        netip.Addr
}

// Choose returns the one address that can be meant: IPv4 before IPv6, of the
// default route with the lowest metric, reachable from beyond the link. None is
// an error, and several are one that lists them: to announce a wrong address
// is worse than to announce none.
func Choose(routes []Default, addresses []Address) (netip.Addr, error) {
	for _, ipv6 := range []bool{false, true} {
		switch found := candidates(ipv6, routes, addresses); len(found) {
		case 0:
		case 1:
			return found[0].IP, nil
		default:
			return netip.Addr{}, fmt.Errorf("several addresses may be this node's: %s", list(found))
		}
	}
	if len(routes) == 0 {
		return netip.Addr{}, errors.New("there is no default route whose address could be this node's")
	}
	return netip.Addr{}, errors.New("the default route's interface has no address that others can reach")
}

// candidates returns the addresses of one family, each once, that the best default
// routes of that family lead to.
func candidates(ipv6 bool, routes []Default, addresses []Address) []Address {
	var out []Address
	through := best(ipv6, routes)
	for _, a := range addresses {
		a.IP = a.IP.Unmap()
		if a.IP.Is6() != ipv6 || !a.IP.IsGlobalUnicast() || !slices.Contains(through, a.Interface) {
			continue
		}
		if !slices.ContainsFunc(out, func(b Address) bool { return b.IP == a.IP }) {
			out = append(out, a)
		}
	}
	return out
}

// best returns the interfaces of the default routes with the lowest metric.
func best(ipv6 bool, routes []Default) []string {
	var out []string
	var lowest uint64
	for _, r := range routes {
		switch {
		case r.IPv6 != ipv6:
		case out == nil || r.Metric < lowest:
			out, lowest = []string{r.Interface}, r.Metric
		case r.Metric == lowest:
			out = append(out, r.Interface)
		}
	}
	return out
}

// list returns the addresses with their interfaces, sorted.
func list(addresses []Address) string {
	var out []string
	for _, a := range addresses {
		out = append(out, fmt.Sprintf("%s (%s)", a.IP, a.Interface))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
