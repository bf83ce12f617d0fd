package e2e

import (
	"errors"
	"strings"
	"testing"

	"auto-consul/lib/wire"
)

// A node that is given no address takes the default route's, and none where it
// cannot know which.
func TestDefaultAddress(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	m := l.host("node", "192.168.50.130", t.TempDir())
	decide := bin() + "/ac-decide -r s3://my-bucket/address -dry-run"
	for _, step := range []struct {
		name, change string
		more         string // flags
		address      string // or the error's parts:
		says         []string
	}{
		{name: "no route", change: ":", says: []string{"no -address, and there is no default route", "give -address"}},
		{name: "one route", change: "ip route add default via 192.168.50.1", address: "192.168.50.130"},
		{name: "flags come first", change: ":", more: " -advertise 192.0.2.9", address: "192.0.2.9"},
		{name: "binding to everything is no address", change: ":", more: " -bind 0.0.0.0", address: "192.168.50.130"},
		{
			name: "another network, without a route", address: "192.168.50.130",
			change: "ip link add other type veth peer name far; ip addr add 10.9.0.1/24 dev other; ip link set other up; ip link set far up",
		},
		{
			name: "a worse route", address: "192.168.50.130",
			change: "ip route add default via 10.9.0.2 metric 500",
		},
		{
			name: "a better one", address: "10.9.0.1",
			change: "ip route del default via 192.168.50.1; ip route add default via 192.168.50.1 metric 600",
		},
		{
			name:   "two equal ones",
			change: "ip route del default metric 600; ip route del default metric 500; ip route add default via 192.168.50.1; ip route append default via 10.9.0.2",
			says:   []string{"10.9.0.1 (other), 192.168.50.130 (eth0)", "give -address"},
		},
		{name: "two equal ones and a flag", change: ":", more: " -a 10.9.0.1", address: "10.9.0.1"},
		{
			name:   "two addresses",
			change: "ip route del default via 10.9.0.2; ip addr add 192.168.50.131/24 dev eth0",
			says:   []string{"192.168.50.130 (eth0), 192.168.50.131 (eth0)", "give -address"},
		},
		{
			name: "IPv6 alone", address: "2001:db8::1",
			change: "ip route del default; ip addr add 2001:db8::1/64 dev eth0 nodad; ip -6 route add default via 2001:db8::2",
		},
	} {
		if got := m.run(step.change); got.code != 0 {
			t.Fatalf("%s: %s", step.name, got.stderr)
		}
		got := m.run(decide + step.more)
		if step.says == nil {
			if got.code != 0 {
				t.Fatalf("%s: code %d: %s", step.name, got.code, got.stderr)
			}
			if d := decode[wire.Decision](t, got.stdout); d.Address != step.address {
				t.Errorf("%s: got %s, want %s", step.name, d.Address, step.address)
			}
			continue
		}
		errs := []error{want("code", got.code, 2), want("stdout", got.stdout, ""), want("lines", strings.Count(got.stderr, "\n"), 1)}
		for _, part := range step.says {
			errs = append(errs, contains("stderr", got.stderr, part))
		}
		if err := errors.Join(errs...); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
	}
}
