package bench

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"auto-consul/lib/scripttest"
	"auto-consul/lib/wire"
)

// fleet is nodes on loopback addresses that are added and killed for good.
type fleet struct {
	b             *testing.B
	dir           string
	env           []string
	expiry, grace time.Duration
	named         int
	nodes         []*fleetNode
}

type fleetNode struct {
	name, address, data string
	runner              *exec.Cmd
}

func newFleet(b *testing.B, expiry, grace time.Duration) *fleet {
	b.Helper()
	f := &fleet{b: b, dir: b.TempDir(), expiry: expiry, grace: grace}
	f.env = scripttest.Environ(f.dir, scripttest.StoreEnv(newGateway(b).Endpoint)...)
	config := []byte("disable_update_check = true\n")
	if err := errors.Join(os.Mkdir(f.dir+"/consul.d", 0o755), os.WriteFile(f.dir+"/consul.d/bench.hcl", config, 0o644)); err != nil {
		b.Fatal(err)
	}
	return f
}

// add starts a blank node.
func (f *fleet) add() {
	f.b.Helper()
	f.named++
	n := &fleetNode{name: fmt.Sprintf("n%d", f.named), address: fmt.Sprintf("127.%d.8.%d", 222+os.Getpid()%30, f.named)}
	n.data = filepath.Join(f.dir, n.name)
	n.runner = command(append(f.env, "CONSUL_HTTP_ADDR="+n.address+":8500"), "auto-consul", "-r", url, "-n", n.name, "-a", n.address,
		"-d", n.data, "-c", filepath.Join(f.dir, "consul.d"), "-s", "3", "-birth", "quorum", "-e", fmt.Sprint(f.expiry.Seconds()),
		"-grace", fmt.Sprint(f.grace.Seconds()), "-t", "3", "run", "--", "-client="+n.address)
	start(f.b, n.runner)
	f.nodes = append(f.nodes, n)
}

// kill ends a node's processes as a power cut would. The agent is in a session of its own.
func (f *fleet) kill(gone *fleetNode) {
	f.b.Helper()
	var others []*fleetNode
	for _, n := range f.nodes {
		if n != gone {
			others = append(others, n)
		}
	}
	f.nodes = others
	agents := gone.agents()
	if len(agents) == 0 {
		f.b.Fatalf("no agent of %s runs", gone.name)
	}
	for _, pid := range append(agents, -gone.runner.Process.Pid) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = gone.runner.Wait() // it was killed
}

// agents are the processes that run on the node's data directory.
func (n *fleetNode) agents() (pids []int) {
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is good
	for _, path := range paths {
		text, _ := os.ReadFile(path) // it may have ended
		var pid int
		if _, err := fmt.Sscanf(path, "/proc/%d/", &pid); err == nil && strings.Contains(string(text), "\x00-data-dir="+n.data+"/") {
			pids = append(pids, pid)
		}
	}
	return pids
}

// inMode are the nodes that run in a mode, as their data directories say.
func (f *fleet) inMode(mode string) (nodes []*fleetNode) {
	for _, n := range f.nodes {
		if text, _ := os.ReadFile(filepath.Join(n.data, "mode")); strings.TrimSpace(string(text)) == mode {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// anyServer is a server, any one, and so now and then the leader.
func (f *fleet) anyServer() *fleetNode {
	servers := f.inMode(wire.Server)
	return servers[rand.IntN(len(servers))]
}

// settled is an error unless so many servers run, all of which vote, beside so many
// clients, each of which answers.
func (f *fleet) settled(servers, clients int) error {
	f.b.Helper()
	up := f.inMode(wire.Server)
	if len(up) != servers || len(f.inMode(wire.Agent)) != clients {
		return fmt.Errorf("%d servers and %d clients", len(up), len(f.inMode(wire.Agent)))
	}
	votes := map[string]bool{}
	for _, n := range f.nodes {
		client, err := api.NewClient(&api.Config{Address: n.address + ":8500", HttpClient: &http.Client{Timeout: time.Second}})
		if err != nil {
			return err
		}
		raft, err := client.Operator().RaftGetConfiguration(nil)
		if err != nil {
			return err
		}
		for _, s := range raft.Servers {
			votes[s.Node] = s.Voter
		}
	}
	for _, n := range up {
		if !votes[n.name] {
			return fmt.Errorf("%s does not vote", n.name)
		}
	}
	return nil
}
