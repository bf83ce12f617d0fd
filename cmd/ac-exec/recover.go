package main

import (
	"fmt"
	"net/netip"

	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/registry"
)

// recoverData makes this server the only voter of its raft data, once: others may vote
// after it has had a leader (R57).
func (p *program) recoverData(l consul.Launch, files []consul.File) error {
	dir := datadir.Dir(p.dir)
	m, err := dir.Membership()
	if err != nil || m.Recovered {
		return err
	}
	address, err := netip.ParseAddr(l.Advertise)
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	at := netip.AddrPortFrom(address, consul.ServerPort(l, files))
	if err := datadir.MakeSoleVoter(dir.Consul(registry.Server), at); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	m.Recovered = true
	return dir.KeepMembership(m)
}
