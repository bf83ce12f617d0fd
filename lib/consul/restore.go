package consul

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/consul/api"
)

// Loader loads a snapshot into the data of a server, by a Consul that runs alone for that
// long: on this machine's loopback, without the node's configuration, and with its API
// at a socket that nobody else can reach. No agent of the cluster can find it, and nothing
// that it holds is asked for a token.
type Loader struct {
	Consul     string // the program
	Folder     string // for its data; made new, in a folder that nobody else can read
	Node       string // the node's name
	Datacenter string // the cluster's; empty for Consul's default
}

// How long the Consul that loads a snapshot may take.
const (
	startBound = time.Minute      // until it leads itself
	loadBound  = 10 * time.Minute // to load a snapshot
	endBound   = 10 * time.Second // to end
)

// socket is the name of the API's socket, beside the folder of the data.
const socket = "http.sock"

// Load loads a snapshot from a file. It returns the node id that the snapshot has for the
// node; empty if it does not know the node. When it returns nothing runs any more.
func (l Loader) Load(ctx context.Context, snapshot string) (nodeID string, err error) {
	config, err := l.config()
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(l.Folder), "restore.json")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		return "", err
	}
	said := &tail{most: 2000}
	cmd := exec.Command(l.Consul, "agent", "-config-file="+filepath.Base(path))
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Dir(path), said, said
	// It ends with this process, whatever ends that.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err := cmd.Wait()
		cancel(fmt.Errorf("the Consul that was to load it has ended: %w: %s", err, said.last()))
	}()
	nodeID, err = l.load(ctx, snapshot)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // a server that is told so stops at once
	select {
	case <-ended:
	case <-time.After(endBound):
		_ = cmd.Process.Kill()
		<-ended
	}
	return nodeID, err
}

// config returns the configuration of a server that is alone.
func (l Loader) config() ([]byte, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	folder, err := filepath.Abs(l.Folder)
	if err != nil {
		return nil, err
	}
	const off = -1
	config := map[string]any{
		"node_name": l.Node, "data_dir": folder, "server": true, "bootstrap": true,
		"bind_addr": loopback, "client_addr": loopback, "disable_update_check": true, "log_level": "warn",
		// It has nobody to wait for.
		"performance": map[string]any{"raft_multiplier": 1},
		// It is to change nothing in what it loads, so it signs no certificates.
		"connect":   map[string]any{"enabled": false},
		"addresses": map[string]any{"http": "unix://" + socket},
		"ports": map[string]any{
			"server": ports[0], "serf_lan": ports[1], "serf_wan": off, "https": off, "dns": off, "grpc": off, "grpc_tls": off,
		},
	}
	if l.Datacenter != "" {
		config["datacenter"] = l.Datacenter
	}
	return json.Marshal(config)
}

const loopback = "127.0.0.1"

// freePorts returns some ports at the loopback address where nobody listens now.
func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort(loopback, "0"))
		if err != nil {
			return nil, err
		}
		defer l.Close() // only when all are chosen
		at, err := netip.ParseAddrPort(l.Addr().String())
		if err != nil {
			return nil, err
		}
		ports = append(ports, int(at.Port()))
	}
	return ports, nil
}

// load has the Consul that runs load a snapshot.
func (l Loader) load(ctx context.Context, snapshot string) (nodeID string, err error) {
	// The path of a socket must be short, which that of a data directory need not be.
	dir, err := os.Open(filepath.Dir(l.Folder))
	if err != nil {
		return "", err
	}
	defer dir.Close()
	client, err := api.NewClient(&api.Config{Address: fmt.Sprintf("unix:///proc/self/fd/%d/%s", dir.Fd(), socket), Scheme: "http"})
	if err != nil {
		return "", err
	}
	if err := awaitLeader(ctx, client); err != nil {
		return "", err
	}
	file, err := os.Open(snapshot)
	if err != nil {
		return "", err
	}
	defer file.Close()
	limited, cancel := context.WithTimeout(ctx, loadBound)
	defer cancel()
	if err := client.Snapshot().Restore(new(api.WriteOptions).WithContext(limited), file); err != nil {
		return "", fmt.Errorf("it is not loaded by Consul: %w", err)
	}
	// It has not registered itself again since: the answer is the snapshot's.
	known, _, err := client.Catalog().Node(l.Node, (&api.QueryOptions{AllowStale: true}).WithContext(limited))
	if err != nil || known == nil {
		return "", err
	}
	return known.Node.ID, nil
}

// awaitLeader waits until a server that is alone leads itself and is done with what a new
// leader does. Before that raft refuses to load a snapshot, as the entry with its own
// configuration has not been applied.
func awaitLeader(ctx context.Context, client *api.Client) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startBound, fmt.Errorf("the Consul that was to load it had no leader after %v", startBound))
	defer cancel()
	options := new(api.QueryOptions).WithContext(ctx)
	for {
		leader, err := client.Status().LeaderWithQueryOptions(options)
		if err == nil && leader != "" {
			consistent := *options
			consistent.RequireConsistent = true
			_, _, err = client.Catalog().Nodes(&consistent)
		}
		if err == nil && leader != "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ServerAt returns the address and port at which the servers of a cluster find a server
// that is started so.
func (l Launch) ServerAt(files []File) (netip.AddrPort, error) {
	ip, err := netip.ParseAddr(l.Advertise)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port := serverPorts[0]
	number, err := strconv.ParseUint(l.setting(files, "ports", port.name, port.flag), 10, 16)
	if err != nil {
		number = uint64(port.number)
	}
	return netip.AddrPortFrom(ip, uint16(number)), nil
}

// Datacenter returns which datacenter the arguments or the files name; empty for none.
func (l Launch) Datacenter(files []File) string {
	return l.setting(files, "", "datacenter", "datacenter")
}

// tail is a writer that keeps the end of what is written.
type tail struct {
	most int
	text []byte
}

// Write implements [io.Writer].
func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-t.most):]
	return len(p), nil
}

// last returns the last line.
func (t *tail) last() string {
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	return lines[len(lines)-1]
}
