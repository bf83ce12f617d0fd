package route

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	v4 := func(name string, metric uint64) Default { return Default{name, false, metric} }
	v6 := func(name string, metric uint64) Default { return Default{name, true, metric} }
	tests := []struct {
		name      string
		routes    []Default
		addresses string // interface=IP …
		want      string // an address, or a part of the error
	}{
		{"one", []Default{v4("eth0", 0)}, "lo=127.0.0.1 eth0=192.0.2.1", "192.0.2.1"},
		{"private", []Default{v4("eth0", 0)}, "eth0=10.0.0.1", "10.0.0.1"},
		{"other interfaces do not count", []Default{v4("eth1", 0)}, "eth0=192.0.2.1 docker0=172.17.0.1 eth1=192.0.2.2", "192.0.2.2"},
		{"the lowest metric, whatever the order", []Default{v4("a", 200), v4("b", 100), v4("c", 300)}, "a=192.0.2.1 b=192.0.2.2 c=192.0.2.3", "192.0.2.2"},
		{"no metric is the lowest", []Default{v4("a", 100), v4("b", 0)}, "a=192.0.2.1 b=192.0.2.2", "192.0.2.2"},
		{"one metric twice", []Default{v4("b", 100), v4("a", 100)}, "a=192.0.2.1 b=192.0.2.2", "several addresses may be this node's: 192.0.2.1 (a), 192.0.2.2 (b)"},
		{"one metric twice, one address", []Default{v4("a", 100), v4("b", 100)}, "a=192.0.2.1", "192.0.2.1"},
		{"one interface twice", []Default{v4("a", 0), v4("a", 0)}, "a=192.0.2.1", "192.0.2.1"},
		{"two addresses", []Default{v4("a", 0)}, "a=192.0.2.9 a=192.0.2.10", "several addresses may be this node's: 192.0.2.10 (a), 192.0.2.9 (a)"},
		{"one address twice", []Default{v4("a", 0)}, "a=192.0.2.9 a=192.0.2.9", "192.0.2.9"},
		{"mapped", []Default{v4("a", 0)}, "a=::ffff:192.0.2.9", "192.0.2.9"},
		{"IPv4 before IPv6", []Default{v6("a", 0), v4("a", 100)}, "a=2001:db8::1 a=192.0.2.1", "192.0.2.1"},
		{"several of IPv4 are not made up for by IPv6", []Default{v4("a", 0), v6("a", 0)}, "a=192.0.2.1 a=192.0.2.2 a=2001:db8::1", "several"},
		{"IPv6 alone", []Default{v6("a", 1024)}, "a=fe80::1 a=2001:db8::1", "2001:db8::1"},
		{"IPv6 private", []Default{v6("a", 1024)}, "a=fd00::1", "fd00::1"},
		{"IPv6 routed, IPv4 local", []Default{v6("a", 1024)}, "a=192.0.2.1 a=2001:db8::1", "2001:db8::1"},
		{"IPv6 temporary address", []Default{v6("a", 1024)}, "a=2001:db8::1 a=2001:db8::abcd", "several"},
		{"IPv4 through an interface without any", []Default{v4("a", 0), v6("a", 0)}, "a=2001:db8::1", "2001:db8::1"},
		{"link-local only", []Default{v4("a", 0)}, "a=169.254.7.7 a=fe80::1", "has no address"},
		{"nothing reachable", []Default{v4("a", 0)}, "a=127.0.0.1 a=224.0.0.1 a=0.0.0.0", "has no address"},
		{"no addresses", []Default{v4("a", 0)}, "", "has no address"},
		{"no default route", nil, "eth0=192.0.2.1", "no default route"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var addresses []Address
			for _, field := range strings.Fields(tt.addresses) {
				name, ip, _ := strings.Cut(field, "=")
				addresses = append(addresses, Address{name, netip.MustParseAddr(ip)})
			}
			got, err := Choose(tt.routes, addresses)
			_, parse := netip.ParseAddr(tt.want)
			switch {
			case parse != nil && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, error %v, want error %q", got, err, tt.want)
			case parse == nil && (err != nil || got.String() != tt.want):
				t.Errorf("got %v, error %v, want %s", got, err, tt.want)
			}
		})
	}
}

const heading = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

func TestDefaults4(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       []Default
	}{
		{"empty", "", nil},
		{"heading", heading, nil},
		{"usual", heading +
			"eth0\t00000000\t0132A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0   \n" +
			"eth0\t0032A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0   \n", []Default{{"eth0", false, 100}}},
		{"two", "a\t00000000\t0\t3\t0\t0\t7\t00000000\t0\t0\t0\nb\t00000000\t0\t1\t0\t0\t0\t00000000\t0\t0\t0\n", []Default{{"a", false, 7}, {"b", false, 0}}},
		{"half of everything", "a\t00000000\t0\t0003\t0\t0\t0\t00000080\t0\t0\t0\n", nil},
		{"unreachable", "*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n", nil},
		{"down", "a\t00000000\t00000000\t0002\t0\t0\t0\t00000000\t0\t0\t0\n", nil},
		{"short", "a\t00000000\t00000000\t0003\t0\t0\t0\n", nil},
		{"bad metric", "a\t00000000\t0\t0003\t0\t0\tx\t00000000\n", nil},
		{"bad flags", "a\t00000000\t0\tx\t0\t0\t0\t00000000\n", nil},
	}
	for _, tt := range tests {
		if got := defaults4(tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestDefaults6(t *testing.T) {
	t.Parallel()
	none, hop := strings.Repeat("0", 32), "fd000000000000000000000000000001"
	line := func(f ...string) string { return strings.Join(f, " ") + "     eth0\n" }
	tests := []struct {
		name, text string
		want       []Default
	}{
		{"empty", "", nil},
		{"usual", line(hop, "40", none, "00", none, "00000100", "00000001", "00000000", "00000001") +
			line(none, "00", none, "00", hop, "00000400", "00000002", "00000000", "00000003"), []Default{{"eth0", true, 1024}}},
		{"unreachable, which every machine has", line(none, "00", none, "00", none, "ffffffff", "00000001", "00000000", "00200200"), nil},
		{"half of everything", line(none, "01", none, "00", hop, "00000400", "00000002", "00000000", "00000003"), nil},
		{"for some sources", line(none, "00", hop, "40", hop, "00000400", "00000002", "00000000", "00000003"), nil},
		{"announced by a router", line(none, "00", none, "00", hop, "00000400", "00000002", "00000000", "00450003"), []Default{{"eth0", true, 1024}}},
		{"short", none + " 00 " + none + " 00 " + hop + "\n", nil},
		{"bad metric", line(none, "00", none, "00", hop, "x", "00000002", "00000000", "00000003"), nil},
	}
	for _, tt := range tests {
		if got := defaults6(tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func FuzzDefaults(f *testing.F) {
	f.Add(heading + "eth0\t00000000\t0132A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range append(defaults4(text), defaults6(text)...) {
			if d.Interface == "" || !strings.Contains(text, d.Interface) {
				t.Errorf("got %+v of %q", d, text)
			}
		}
	})
}

// What Local finds depends on the machine; that it is an address of its own does
// not.
func TestLocal(t *testing.T) {
	t.Parallel()
	own, err := addresses()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Local()
	if (err == nil) != got.IsValid() {
		t.Errorf("got %v, error %v, want one of both", got, err)
	}
	if err == nil && !slices.ContainsFunc(own, func(a Address) bool { return a.IP.Unmap() == got }) {
		t.Errorf("got %v, want one of %v", got, own)
	}
	if !slices.ContainsFunc(own, func(a Address) bool { return a.IP.IsLoopback() }) {
		t.Errorf("got %v, want the loopback address among them", own)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	if got, err := table(t.TempDir() + "/none"); got != "" || err != nil {
		t.Errorf("no file: got %q, error %v, want nothing", got, err)
	}
	if got, err := table(t.TempDir()); err == nil {
		t.Errorf("a folder: got %q, want an error", got)
	}
}
