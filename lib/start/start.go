// Package start has what comes before a Consul agent: whether one could be started, and
// everything that it needs: a data directory that is this agent's alone, the folder of its
// mode, and the data that is restored or recovered.
package start

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"time"

	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/node"
	"auto-consul/lib/registry"
)

// Agent is an agent that is to be started.
type Agent struct {
	Dir    datadir.Dir
	Mode   registry.Mode
	Launch consul.Launch
	Files  []consul.File // its configuration as the caller has read it; Check reads it itself
	// Patience is how long an earlier agent of this data directory may still be there.
	Patience time.Duration
	Out      node.Output
}

// Check returns Consul's path and release if the agent could be started. program is Consul's
// path or its name in PATH. Check makes the data directory where that is missing, and looks at
// more than the start does: the release and, for a server, certificates and ports. Its errors
// have the exit code that the start would have.
func (a Agent) Check(ctx context.Context, program string) (path, release string, err error) {
	if path, err = consul.Find(program); err != nil {
		return "", "", err
	}
	if release, err = consul.Release(ctx, path); err != nil {
		return "", "", err
	}
	if err = consul.CheckRelease(release); err != nil {
		return "", "", err
	}
	if err = a.checkDirs(); err != nil {
		return "", "", err
	}
	return path, release, a.checkConfig(ctx)
}

// checkConfig reads the configuration, and tries a server's certificates and ports.
func (a Agent) checkConfig(ctx context.Context) error {
	files, err := consul.ReadConfig(a.Launch.ConfigPaths())
	if err == nil {
		err = consul.CheckFiles(files)
	}
	if err == nil && a.Mode == registry.Server {
		err = consul.CheckCertificates(files)
	}
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	if a.Mode != registry.Server {
		return nil
	}
	return consul.CheckPorts(ctx, a.Launch, files, a.Patience)
}

// checkDirs returns an error if the data directory, or Consul's own folder in it,
// cannot be written. It makes the first where that is missing, but not the second: a
// node that has become nothing yet has none.
func (a Agent) checkDirs() error {
	if err := datadir.CheckWritable(string(a.Dir)); err != nil {
		return err
	}
	folder := a.Dir.Consul(a.Mode)
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return datadir.CheckWritable(folder)
}

// Plan is what a decision asks for before the agent starts.
type Plan struct {
	// Confirm returns an error if the decision no longer holds (R27).
	Confirm func(ctx context.Context) error
	Restore *Source // of the data; nil if none is to be restored
	Recover bool    // whether this server goes ahead with the data that it has (R57)
}

// Prepare gets everything ready that the agent needs. The order matters: from the first
// step on no other agent can start on the data directory; nothing of it is changed before
// the decision is confirmed; and Consul's folder is that of the mode before data is put
// into it. Errors are those of the data directory, of Confirm and of [node.Restorer.Restore].
func (a Agent) Prepare(ctx context.Context, p Plan) error {
	if err := a.occupy(); err != nil {
		return err
	}
	if err := p.Confirm(ctx); err != nil {
		return err
	}
	if err := a.takeRole(); err != nil {
		return err
	}
	if p.Restore != nil {
		if err := a.restore(ctx, *p.Restore, p.Confirm); err != nil {
			return err
		}
	}
	if p.Recover {
		return a.recoverData()
	}
	return nil
}

// occupy makes the data directory this agent's. It refuses a server that was off for too
// long, and waits for an earlier agent that is still there.
func (a Agent) occupy() error {
	if err := a.checkDirs(); err != nil {
		return err
	}
	if a.Mode == registry.Server {
		if err := a.Dir.CheckAge(consul.RejoinAgeMax(a.Files)); err != nil {
			return err
		}
	}
	return a.Dir.Occupy(a.Patience, func() {
		a.Out.Notef("waiting for the agent that runs on %s to end (%v at most)", a.Dir, a.Patience)
	})
}

// takeRole gets Consul's own folder ready, without what is left of a restore that was
// interrupted. Where the folder of the other mode cannot be taken over, as on another file
// system, the node loses what is registered there, and starts all the same.
func (a Agent) takeRole() error {
	if err := a.Dir.EndRestore(); err != nil {
		return err
	}
	if err := a.Dir.TakeRole(a.Mode); err != nil {
		a.Out.Warnf("the node id and the services of this node's other mode are not taken over: %v", err)
	}
	return datadir.CheckWritable(a.Dir.Consul(a.Mode))
}

// recoverData makes this server the only voter of its raft data, once: others may vote
// after it has had a leader (R57).
func (a Agent) recoverData() error {
	m, err := a.Dir.Membership()
	if err != nil || m.Recovered {
		return err
	}
	address, err := netip.ParseAddr(a.Launch.Advertise)
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	at := netip.AddrPortFrom(address, consul.ServerPort(a.Launch, a.Files))
	if err := datadir.MakeSoleVoter(a.Dir.Consul(registry.Server), at); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	m.Recovered = true
	return a.Dir.KeepMembership(m)
}

// WarnOfConfig warns of settings in the configuration that contradict the arguments.
func (a Agent) WarnOfConfig() {
	for _, f := range a.Files {
		found, err := consul.Contradictions(a.Launch, f)
		if err != nil {
			a.Out.Warnf("configuration not compared with the decision: %v", err)
		}
		for _, line := range found {
			a.Out.Warnf("%s", line)
		}
	}
}
