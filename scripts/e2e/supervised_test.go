package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"auto-consul/lib/wire"
)

// supervisedNode is a machine whose runner is started again whenever it ends, as an
// init system does.
type supervisedNode struct {
	*machine
	argv   []string
	runner *process
	again  time.Time // when it is to be started again; zero while it runs
	soakState
}

// programs returns what the node's processes run, by process ID.
func (n *supervisedNode) programs() map[int]string {
	all, runner := n.machine.programs(), n.runner.cmd.Process.Pid
	if _, ok := all[runner]; ok {
		all[runner] = "auto-consul"
	}
	return all
}

// pids returns the node's processes that run a program, or all of them.
func (n *supervisedNode) pids(program string) (out []int) {
	for pid, name := range n.programs() {
		if program == name || program == "all" {
			out = append(out, pid)
		}
	}
	return out
}

// signalAny signals the processes that still exist.
func signalAny(sig syscall.Signal, pids []int) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, sig)
	}
}

// keptCluster is what a data directory keeps of the cluster to which it is tied.
type keptCluster struct {
	ClusterID string `json:"cluster_id"`
	Term      int64
}

func (m *machine) keptCluster() (kept keptCluster, err error) {
	err = json.Unmarshal([]byte(m.read("data/cluster")), &kept)
	return kept, err
}

// belongs checks that the node's data directory is tied to the record's cluster and term.
func (n *supervisedNode) belongs(rec record) error {
	if n.runner.ended() {
		return fmt.Errorf("%s has ended", n.node)
	}
	kept, err := n.keptCluster()
	return errors.Join(err, want("mode of "+n.node, n.read("data/mode"), wire.Server),
		want("cluster of "+n.node, kept.ClusterID, rec.ClusterID), want("term of "+n.node, kept.Term, rec.Bootstrap.Term))
}

// oneCluster checks that the servers belong to the record's cluster, are each other's
// peers, and know the same leader. It returns the leader.
func oneCluster(rec record, servers []*supervisedNode) (leader string, err error) {
	leader, err = servers[0].leader()
	for _, n := range servers {
		err = errors.Join(err, n.belongs(rec), n.follows(leader, raftAddresses(servers...)))
	}
	return leader, err
}

// nodeNames returns the nodes' names, sorted.
func nodeNames(nodes []*supervisedNode) string {
	var out []string
	for _, n := range nodes {
		out = append(out, n.node)
	}
	return sorted(strings.Join(out, " "))
}
