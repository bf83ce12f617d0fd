// Package consul knows Consul: the arguments that an agent is started with, the
// configuration files that contradict them, and what a running agent says of
// itself. It knows no registry and no decisions.
package consul

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"auto-consul/lib/registry"
)

// Launch holds everything that decides how an agent is started.
type Launch struct {
	Node            string // 1 to 128 of [A-Za-z0-9._-]
	Server          bool   // a server, or a client
	Bootstrap       bool   // start a cluster of one
	BootstrapExpect int    // start a cluster of so many together; 0 for none
	Bind            string // IP that Consul binds to, 0.0.0.0 for all
	Advertise       string // IP that is announced
	Address         string // what others may know this node by beside Advertise; may be empty
	Zone            string // failure domain, which the catalog shows; empty for none
	Join            []string
	DataDir         string   // folder of Consul's own data
	ConfigDir       string   // folder of configuration; empty for none
	Extra           []string // further arguments, which come last
}

// retryInterval is how long Consul waits between two rounds of joining. With its own
// default, half a minute, a target that is up a second too late costs half a minute.
const retryInterval = "2s"

// zoneKey is the key of a node's metadata in Consul under which its zone stands.
const zoneKey = "auto-consul-zone"

// Arguments returns the argument list of such an agent: the program's name, "agent", and
// tokens of the form -flag=value. It rejects any value that Consul would read as a flag
// or a template, wherever it came from.
//
// Every value that decides the role is always said, because a value that is not
// would be taken from the configuration files.
func Arguments(l Launch) ([]string, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	argv := []string{
		"consul", "agent",
		"-node=" + l.Node,
		"-bind=" + l.Bind,
		"-advertise=" + l.Advertise,
		"-data-dir=" + l.DataDir,
	}
	if l.Zone != "" {
		argv = append(argv, "-node-meta="+zoneKey+":"+l.Zone)
	}
	if l.ConfigDir != "" {
		argv = append(argv, "-config-dir="+l.ConfigDir)
	}
	argv = append(argv,
		"-server="+strconv.FormatBool(l.Server),
		"-bootstrap="+strconv.FormatBool(l.Bootstrap),
		"-bootstrap-expect="+strconv.Itoa(l.BootstrapExpect))
	targets := l.targets()
	for _, address := range targets {
		argv = append(argv, "-retry-join="+joinable(address))
	}
	if len(targets) > 0 {
		argv = append(argv, "-retry-interval="+retryInterval)
	}
	return append(argv, l.Extra...), nil
}

// targets returns the addresses to join, each once, without the node's own: an agent
// that finds itself has joined and stops trying. A server that has nobody to join is
// given its own address nevertheless. It would never report that it is ready otherwise,
// because Consul does so only after its first join, even where it was a leader before.
func (l Launch) targets() []string {
	var out []string
	own := []string{canonical(l.Advertise), canonical(l.Address)}
	for _, address := range l.Join {
		address = canonical(address)
		if !slices.Contains(own, address) && !slices.Contains(out, address) {
			out = append(out, address)
		}
	}
	if out == nil && l.Server {
		return own[:1]
	}
	return out
}

// canonical returns the one spelling of an IP address, so that two can be compared; a
// host name stays as it is.
func canonical(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	return ip.Unmap().String()
}

// joinable puts an IPv6 address into brackets. There is no port: Consul adds the
// one that it is configured with.
func joinable(address string) string {
	if ip, err := netip.ParseAddr(address); err == nil && ip.Is6() {
		return "[" + address + "]"
	}
	return address
}

func (l Launch) check() error {
	for _, err := range []error{
		registry.CheckNode(l.Node), l.checkRole(), CheckBind(l.Bind),
		CheckAdvertise(l.Advertise), l.checkOthers(), registry.CheckZone(l.Zone), CheckExtra(l.Extra),
	} {
		if err != nil {
			return err
		}
	}
	if l.DataDir == "" {
		return errors.New("no data directory")
	}
	return nil
}

func (l Launch) checkRole() error {
	switch {
	case !l.Server && (l.Bootstrap || l.BootstrapExpect != 0):
		return errors.New("a client cannot bootstrap")
	case l.Bootstrap && l.BootstrapExpect != 0:
		return errors.New("bootstrap and bootstrap_expect exclude each other")
	case l.BootstrapExpect < 0:
		return fmt.Errorf("bad bootstrap_expect %d: want 0 or more", l.BootstrapExpect)
	}
	return nil
}

// checkOthers checks the addresses that are compared and joined.
func (l Launch) checkOthers() error {
	if l.Address != "" {
		if err := registry.CheckAddress(l.Address); err != nil {
			return err
		}
	}
	for _, address := range l.Join {
		if err := registry.CheckAddress(address); err != nil {
			return fmt.Errorf("cannot join: %w", err)
		}
	}
	return nil
}

// CheckBind returns an error unless an address to bind to is an IP address, which may
// be the unspecified one.
func CheckBind(address string) error {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Zone() != "" || ip.IsMulticast() {
		return fmt.Errorf("bad bind address %.40q: want an IP address", address)
	}
	return nil
}

// CheckAdvertise returns an error unless an address to announce is an IP address that
// others can reach. Consul takes no host name here.
func CheckAdvertise(address string) error {
	if _, err := netip.ParseAddr(address); err != nil {
		return fmt.Errorf("bad advertise address %.40q: want an IP address", address)
	}
	return registry.CheckAddress(address)
}
