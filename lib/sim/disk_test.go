package sim

import (
	"fmt"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Mode is the kept mode.
func (l life) Mode() (mode registry.Mode, err error) {
	err = l.ask(l.ctx, func() error { mode = l.n.disk.mode; return nil })
	return mode, err
}

// KeepMode keeps it.
func (l life) KeepMode(mode registry.Mode) error {
	return l.ask(l.ctx, func() error { l.n.disk.mode = mode; return nil })
}

// Incarnation is the id of the disk.
func (l life) Incarnation() (id string, err error) {
	err = l.ask(l.ctx, func() error { id = l.n.disk.incarnation; return nil })
	return id, err
}

// KeepIncarnation gives the disk its id.
func (l life) KeepIncarnation(id string) error {
	return l.ask(l.ctx, func() error {
		if kept := l.n.disk.incarnation; kept != "" && kept != id {
			return fmt.Errorf("%w: another decision was made meanwhile", rule.ErrUndecided)
		}
		l.n.disk.incarnation = id
		return nil
	})
}

// Membership is the cluster that the disk belongs to. A node of the Ruby gem, and in a
// control every node, does not know.
func (l life) Membership() (m rule.Membership, err error) {
	err = l.ask(l.ctx, func() error {
		if l.n.agent == nil || !l.n.gem && !l.n.w.plainRule && !l.n.w.noServe {
			m = l.n.disk.membership
		}
		return nil
	})
	return m, err
}

// KeepMembership ties the disk to a cluster.
func (l life) KeepMembership(m rule.Membership) error {
	return l.ask(l.ctx, func() error {
		l.n.disk.membership = m
		l.n.w.judge.tied(l.n.disk)
		return nil
	})
}

// SetRaftAside takes the raft data of a server that has stepped down off the disk.
func (l life) SetRaftAside() error {
	return l.ask(l.ctx, func() error {
		l.n.w.count("step-downs")
		l.n.w.note("%s steps down", l.n.name)
		l.n.disk.raft = nil
		return nil
	})
}

// FailedRestores are the snapshots that the machine has tried to restore in vain.
func (l life) FailedRestores() (list []rule.FailedRestore, err error) {
	err = l.ask(l.ctx, func() error { list = l.n.disk.failed; return nil })
	return list, err
}

// KeepFailedRestores keeps them.
func (l life) KeepFailedRestores(list []rule.FailedRestore) error {
	return l.ask(l.ctx, func() error { l.n.disk.failed = list; return nil })
}

// HasRaft reports whether the disk holds raft data.
func (l life) HasRaft() (has bool, err error) {
	err = l.ask(l.ctx, func() error { has = l.n.disk.raft != nil; return nil })
	return has, err
}

// Addresses are those of the cluster's servers. In a control none are kept.
func (l life) Addresses() (addresses []string, err error) {
	err = l.ask(l.ctx, func() error { addresses = l.n.disk.addresses; return nil })
	return addresses, err
}

// KeepAddresses keeps them.
func (l life) KeepAddresses(addresses []string) error {
	return l.ask(l.ctx, func() error {
		if !l.n.w.keepsNoAddresses {
			l.n.disk.addresses = addresses
		}
		return nil
	})
}

// Offline is whether the operator lets the next decision do without the store.
func (l life) Offline() (allowed bool, err error) {
	err = l.ask(l.ctx, func() error { allowed = l.n.disk.offline; return nil })
	return allowed, err
}

// KeepOffline keeps that.
func (l life) KeepOffline(allowed bool) error {
	return l.ask(l.ctx, func() error { l.n.disk.offline = allowed; return nil })
}

// String names the disk.
func (l life) String() string { return fmt.Sprintf("disk %d", l.n.disk.id) }
