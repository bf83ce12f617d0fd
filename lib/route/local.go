package route

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
)

// Local returns what [Choose] chooses on this machine as it is now. It reads the
// kernel's tables below /proc/net; a table that is not there holds no routes. Of an
// IPv4 route with several next hops the kernel shows the first there.
func Local() (netip.Addr, error) {
	v4, err := table("/proc/net/route")
	if err != nil {
		return netip.Addr{}, err
	}
	v6, err := table("/proc/net/ipv6_route")
	if err != nil {
		return netip.Addr{}, err
	}
	addresses, err := addresses()
	if err != nil {
		return netip.Addr{}, err
	}
	return Choose(append(defaults4(v4), defaults6(v6)...), addresses)
}

func table(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the routes: %w", err)
	}
	return string(text), nil
}

// addresses returns all addresses of all interfaces.
func addresses() ([]Address, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list the interfaces: %w", err)
	}
	var out []Address
	for _, i := range interfaces {
		list, err := i.Addrs()
		if err != nil {
			return nil, fmt.Errorf("list the addresses of %s: %w", i.Name, err)
		}
		for _, a := range list {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil {
				out = append(out, Address{i.Name, prefix.Addr()})
			}
		}
	}
	return out, nil
}
