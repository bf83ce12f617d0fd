package route

import (
	"strconv"
	"strings"
)

// Flags of a route in the kernel's tables.
const (
	flagUp     = 0x1
	flagReject = 0x200
)

// defaults4 returns the default routes in the text of /proc/net/route, which has on
// each line: interface, destination, gateway, flags, reference count, use, metric and
// mask. It passes over what is no default route, such as the heading.
func defaults4(text string) []Default {
	var out []Default
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 8 || !zero(f[1]) || !zero(f[7]) || !usable(f[3]) {
			continue
		}
		if metric, err := strconv.ParseUint(f[6], 10, 32); err == nil {
			out = append(out, Default{Interface: f[0], Metric: metric})
		}
	}
	return out
}

// defaults6 returns the default routes in the text of /proc/net/ipv6_route, which has on
// each line: destination, its length, source, its length, next hop, metric, reference
// count, use, flags and interface. A route for some sources only is not a default route.
func defaults6(text string) []Default {
	var out []Default
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 10 || !zero(f[0]) || !zero(f[1]) || !zero(f[3]) || !usable(f[8]) {
			continue
		}
		if metric, err := strconv.ParseUint(f[5], 16, 32); err == nil {
			out = append(out, Default{Interface: f[9], IPv6: true, Metric: metric})
		}
	}
	return out
}

// zero reports whether a hexadecimal number of any length is 0.
func zero(digits string) bool { return strings.Trim(digits, "0") == "" }

func usable(flags string) bool {
	n, err := strconv.ParseUint(flags, 16, 32)
	return err == nil && n&flagUp != 0 && n&flagReject == 0
}
