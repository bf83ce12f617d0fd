package registry

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// Role is the folder that a heartbeat is written to.
type Role string

// Roles. A server beats under both, an agent under [Agents] only.
const (
	Servers Role = "servers"
	Agents  Role = "agents"
)

// Heartbeat holds what a heartbeat's key says.
type Heartbeat struct {
	Role Role
	Time time.Time // store time, UTC, whole seconds
	Node string
}

const stampLayout = "20060102150405"

// Key returns the heartbeat's key, as the Ruby gem auto-consul 0.2.1 writes it, such
// as "servers/20140516092731-server1".
func (h Heartbeat) Key() string {
	return string(h.Role) + "/" + h.Time.UTC().Format(stampLayout) + "-" + h.Node
}

// ParseKey reads a heartbeat's key. Its error says why a key is not a heartbeat's.
func ParseKey(key string) (Heartbeat, error) {
	dir, name, ok := strings.Cut(key, "/")
	role := Role(dir)
	if !ok || role != Servers && role != Agents {
		return Heartbeat{}, errors.New("not under servers/ or agents/")
	}
	stamp, node, ok := strings.Cut(name, "-")
	if !ok {
		return Heartbeat{}, errors.New("not a heartbeat: want YYYYMMDDhhmmss-node")
	}
	at, err := time.Parse(stampLayout, stamp)
	// Parse takes fractions that the layout does not have.
	if err != nil || len(stamp) != len(stampLayout) {
		return Heartbeat{}, errors.New("not a heartbeat: want YYYYMMDDhhmmss-node")
	}
	if err := CheckNode(node); err != nil {
		return Heartbeat{}, err
	}
	return Heartbeat{role, at, node}, nil
}

var (
	nodeName  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	zoneName  = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	dnsLabel  = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	hostName  = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$`)
	numberEnd = regexp.MustCompile(`(^|\.)[0-9]+$`)
)

// CheckNode returns an error unless a node name has 1 to 128 of [A-Za-z0-9._-] and
// does not begin with a dash or a dot.
func CheckNode(name string) error {
	if !nodeName.MatchString(name) {
		return fmt.Errorf("bad node name %s: want 1 to 128 of [A-Za-z0-9._-], not beginning with a dash or a dot", quote(name))
	}
	return nil
}

// CheckZone returns an error unless the name of a failure domain has 1 to 64 of
// [A-Za-z0-9._-], or is empty where there is none.
func CheckZone(name string) error {
	if name != "" && !zoneName.MatchString(name) {
		return fmt.Errorf("bad zone %s: want 1 to 64 of [A-Za-z0-9._-]", quote(name))
	}
	return nil
}

// NodeInDNS reports whether Consul's DNS can find a node of this name.
func NodeInDNS(name string) bool { return dnsLabel.MatchString(name) }

// MaxAddress is the longest address, in bytes.
const MaxAddress = 255

// CheckAddress returns an error unless an address is an IP address or a host name that
// can be joined. Nothing else may reach an argument list: Consul would take "provider="
// for a cloud to ask and "{{" for a template to run.
func CheckAddress(address string) error {
	if len(address) > MaxAddress {
		return fmt.Errorf("bad address: longer than %d bytes", MaxAddress)
	}
	ip, err := netip.ParseAddr(address)
	switch {
	case err == nil && ip.Zone() != "":
		return fmt.Errorf("bad address %s: it has a zone", quote(address))
	case err == nil && (ip.Unmap().IsUnspecified() || ip.Unmap().IsMulticast()):
		return fmt.Errorf("bad address %s: nobody can be reached there", quote(address))
	case err == nil:
		return nil
	case !hostName.MatchString(address) || numberEnd.MatchString(address):
		return fmt.Errorf("bad address %s: want an IP address or a host name", quote(address))
	}
	return nil
}

// quote returns a string that may hold anything so that it can be shown, at a bearable
// length.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		return fmt.Sprintf("%q…", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
