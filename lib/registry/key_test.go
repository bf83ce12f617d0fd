package registry_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
)

// The first is the gem's own.
var beats = []struct {
	key  string
	want registry.Heartbeat
}{
	{"servers/20140516092731-server1", registry.Heartbeat{
		Role: registry.Servers, Time: time.Date(2014, 5, 16, 9, 27, 31, 0, time.UTC), Node: "server1",
	}},
	{"agents/20240229235959-a-b.c_d", registry.Heartbeat{
		Role: registry.Agents, Time: time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC), Node: "a-b.c_d",
	}},
	{"agents/99991231000000-_", registry.Heartbeat{
		Role: registry.Agents, Time: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), Node: "_",
	}},
}

func TestKey(t *testing.T) {
	t.Parallel()
	for _, tt := range beats {
		got, err := registry.ParseKey(tt.key)
		if err != nil || got != tt.want {
			t.Errorf("parse %s: got %+v, %v, want %+v", tt.key, got, err, tt.want)
		}
		if got := tt.want.Key(); got != tt.key {
			t.Errorf("got key %s, want %s", got, tt.key)
		}
	}
}

func TestKeyIsUTC(t *testing.T) {
	t.Parallel()
	at := time.Date(2014, 5, 16, 11, 27, 31, 999, time.FixedZone("", 2*60*60))
	h := registry.Heartbeat{Role: registry.Servers, Time: at, Node: "server1"}
	if got, want := h.Key(), "servers/20140516092731-server1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Keys that do not parse are no heartbeats (R7).
func TestParseKeyRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ key, want string }{
		{"", "not under"},
		{"servers", "not under"},
		{"servers-old/20140516092731-server1", "not under"},
		{"Servers/20140516092731-server1", "not under"},
		{"/servers/20140516092731-server1", "not under"},
		{"cluster.json", "not under"},
		{"servers/", "not a heartbeat"},
		{"servers/20140516092731", "not a heartbeat"},
		{"servers/README", "not a heartbeat"},
		{"servers/2014051609273-server1", "not a heartbeat"},
		{"servers/020140516092731-server1", "not a heartbeat"},
		{"servers/20140516092731.5-server1", "not a heartbeat"},
		{"servers/20140516092731,123-server1", "not a heartbeat"},
		{"servers/20140230092731-server1", "not a heartbeat"},
		{"servers/20141316092731-server1", "not a heartbeat"},
		{"servers/20140516240000-server1", "not a heartbeat"},
		{"servers/20140516092760-server1", "not a heartbeat"},
		{"servers/-0140516092731-server1", "not a heartbeat"},
		{"servers/20140516T92731-server1", "not a heartbeat"},
		{"servers/20140516092731-", "bad node name"},
		{"servers/20140516092731--a", "bad node name"},
		{"servers/20140516092731-.a", "bad node name"},
		{"servers/20140516092731-a/b", "bad node name"},
		{"servers/20140516092731-a b", "bad node name"},
		{"servers/20140516092731-a\n", "bad node name"},
		{"servers/20140516092731-ü", "bad node name"},
	}
	for _, tt := range tests {
		got, err := registry.ParseKey(tt.key)
		if err == nil || !strings.Contains(err.Error(), tt.want) || got != (registry.Heartbeat{}) {
			t.Errorf("%q: got %+v, %v, want an error with %q", tt.key, got, err, tt.want)
		}
	}
}

func TestCheckNode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		good, dns bool
	}{
		{"server1", true, true},
		{"0", true, true},
		{"a-", true, true},
		{"a.b", true, false},
		{"a_b", true, false},
		{strings.Repeat("a", 128), true, true},
		{strings.Repeat("a", 129), false, true},
		{"", false, false},
		{"-a", false, true},
		{".a", false, false},
		{"..", false, false},
		{"a\x00", false, false},
		{"a\n", false, false},
		{`a"`, false, false},
		{"a\\b", false, false},
	}
	for _, tt := range tests {
		if err := registry.CheckNode(tt.name); (err == nil) != tt.good {
			t.Errorf("%q: got %v, want it good: %t", tt.name, err, tt.good)
		}
		if got := registry.NodeInDNS(tt.name); got != tt.dns {
			t.Errorf("%q: in DNS: got %t, want %t", tt.name, got, tt.dns)
		}
	}
}

var goodAddresses = []string{
	"192.168.50.100", "127.0.0.1", "::1", "2001:db8::1", "::ffff:192.0.2.1", "server1", "server1.example.org",
	"a_b.example", "1a.example", "xn--bcher-kva.example", strings.Repeat("a", registry.MaxAddress),
}

var badAddresses = []string{
	"", " ", "192.0.2.1 ", "192.0.2.1\n", "192.0.2.1\x00", "192.0.2.1,192.0.2.2", "192.0.2.1 192.0.2.2",
	"192.0.2.256", "192.0.2", "192.0.2.1.5", "010.0.0.1", "1", "192.0.2.1:8301", "[::1]", "[::1]:8301",
	"fe80::1%eth0", "0.0.0.0", "::", "::ffff:0.0.0.0", "224.0.0.1", "ff02::1", "::ffff:224.0.0.1",
	"provider=aws tag_key=x", "provider=aws", "{{ GetPrivateIP }}", "{{", "-server1", "-retry-max=1", "server1-",
	".a", "a.", "a..b", "a.-b", "a/b", "unix:///run/x", "ü.example", "a\tb", "a\x7f", "a\xff",
	strings.Repeat("a", registry.MaxAddress+1),
}

func TestCheckAddress(t *testing.T) {
	t.Parallel()
	for _, address := range goodAddresses {
		if err := registry.CheckAddress(address); err != nil {
			t.Errorf("got %v, want %q good", err, address)
		}
	}
	for _, address := range badAddresses {
		err := registry.CheckAddress(address)
		if err == nil {
			t.Errorf("got %q accepted", address)
			continue
		}
		if text := err.Error(); len(text) > 200 || strings.ContainsFunc(text, isControl) {
			t.Errorf("got the error %q, want it short and without control characters", text)
		}
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func FuzzParseKey(f *testing.F) {
	for _, tt := range beats {
		f.Add(tt.key)
	}
	for _, seed := range []string{"servers/20140516092731.5-a", "agents/20140516 92731-a", "servers-old/20140516092731-a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		h, err := registry.ParseKey(key)
		if err != nil {
			return
		}
		if got := h.Key(); got != key {
			t.Errorf("%q was read as %+v, whose key is %q", key, h, got)
		}
		if err := registry.CheckNode(h.Node); err != nil || h.Time.Location() != time.UTC || h.Time.Nanosecond() != 0 {
			t.Errorf("%q was read as %+v, %v", key, h, err)
		}
	})
}

func FuzzCheckAddress(f *testing.F) {
	for _, seed := range append(goodAddresses, badAddresses...) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if registry.CheckAddress(address) != nil {
			return
		}
		bad := strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '=' || r == '%' })
		if bad || address == "" || len(address) > 255 || address[0] == '-' || strings.Contains(address, "{{") {
			t.Errorf("%q was accepted", address)
		}
		// With a colon it could name a port as well.
		if _, err := netip.ParseAddr(address); err != nil && strings.Contains(address, ":") {
			t.Errorf("%q was accepted as a host name", address)
		}
	})
}
