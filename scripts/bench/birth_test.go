package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// BenchmarkBirth is three blank machines on their way to a leader and to three
// voters, beside plain Consul that was told all addresses and the number of
// servers beforehand. Figures are medians, of more births with BENCH=full.
func BenchmarkBirth(b *testing.B) {
	// The last servers of birth first wait long for their votes.
	rounds := map[string]int{"plain": 3, "quorum": 3, "first": 1}
	if full() {
		rounds = map[string]int{"plain": 7, "quorum": 7, "first": 7}
	}
	registry := newGateway(b)
	for _, multiplier := range []int{1, 5} { // 5 is Consul's default
		b.Run(fmt.Sprintf("multiplier %d", multiplier), func(b *testing.B) {
			var plain born
			for _, how := range []string{"plain", "quorum", "first"} {
				b.Run(how, func(b *testing.B) {
					var all []born
					for b.Loop() {
						for range rounds[how] {
							t := newTrio(b, registry, multiplier)
							all = append(all, t.birth(how, fmt.Sprintf("%s/%d/%s/%d", url, multiplier, how, len(all))))
							t.end()
						}
					}
					now := medianBirth(all)
					if how == "plain" {
						plain = now
					}
					report(b, map[string]float64{
						"leader-s": now.leader.Seconds(), "x-plain-leader": float64(now.leader) / float64(plain.leader),
						"voters-s": now.voters.Seconds(), "x-plain-voters": float64(now.voters) / float64(plain.voters),
						"added-leader-s": (now.leader - plain.leader).Seconds(),
					})
				})
			}
		})
	}
}

// born is when a cluster came to something, since its start.
type born struct{ leader, voters time.Duration }

func medianBirth(all []born) born {
	var leaders, voters []time.Duration
	for _, one := range all {
		leaders, voters = append(leaders, one.leader), append(voters, one.voters)
	}
	return born{median(leaders), median(voters)}
}

// trio is three machines on loopback addresses.
type trio struct {
	b         *testing.B
	dir       string
	env       []string
	addresses [3]string
	nodes     []*exec.Cmd
}

func newTrio(b *testing.B, registry []string, multiplier int) *trio {
	b.Helper()
	t := &trio{b: b, dir: b.TempDir(), env: registry}
	for i := range t.addresses {
		t.addresses[i] = fmt.Sprintf("127.%d.7.%d", 222+os.Getpid()%30, 1+i)
		for _, port := range []string{"8300", "8301", "8500"} {
			l, err := net.Listen("tcp", net.JoinHostPort(t.addresses[i], port))
			if err != nil {
				b.Fatal(err)
			}
			_ = l.Close()
		}
	}
	config := fmt.Sprintf("disable_update_check = true\nperformance { raft_multiplier = %d }\n", multiplier)
	err := errors.Join(os.Mkdir(filepath.Join(t.dir, "consul.d"), 0o755),
		os.WriteFile(filepath.Join(t.dir, "consul.d", "bench.hcl"), []byte(config), 0o644))
	if err != nil {
		b.Fatal(err)
	}
	return t
}

// birth starts all machines and looks on.
func (t *trio) birth(how, registry string) (out born) {
	begin := time.Now()
	for i := range t.addresses {
		cmd := command(t.b, append(t.env, "CONSUL_HTTP_ADDR="+t.addresses[i]+":8500"), t.commandLine(i, how, registry)...)
		start(t.b, cmd)
		t.nodes = append(t.nodes, cmd)
	}
	await(t.b, "a leader", func() error {
		var leader string
		if err := t.get("/v1/status/leader", &leader); err != nil || leader == "" {
			return fmt.Errorf("leader %q, %w", leader, err)
		}
		return nil
	})
	out.leader = time.Since(begin)
	await(t.b, "three voters", func() error {
		var raft struct{ Servers []struct{ Voter bool } }
		err := t.get("/v1/operator/raft/configuration", &raft)
		voters := 0
		for _, s := range raft.Servers {
			if s.Voter {
				voters++
			}
		}
		if voters != len(t.addresses) {
			err = errors.Join(err, fmt.Errorf("%d voters", voters))
		}
		return err
	})
	out.voters = time.Since(begin)
	return out
}

func (t *trio) commandLine(i int, how, registry string) []string {
	node, address, data := fmt.Sprintf("n%d", i), t.addresses[i], filepath.Join(t.dir, fmt.Sprint(i))
	config := filepath.Join(t.dir, "consul.d")
	if how != "plain" {
		return []string{
			"auto-consul", "-r", registry, "-n", node, "-a", address, "-d", data, "-c", config,
			"-s", "3", "-birth", how, "-t", "30", "run", "--", "-client=" + address,
		}
	}
	argv := []string{
		"tools/consul", "agent", "-server", "-bootstrap-expect=3", "-node=" + node, "-bind=" + address,
		"-client=" + address, "-data-dir=" + data, "-config-dir=" + config, "-retry-interval=2s",
	}
	for _, other := range t.addresses {
		if other != address {
			argv = append(argv, "-retry-join="+other)
		}
	}
	return argv
}

// get asks the machines one by one until one of them answers.
func (t *trio) get(path string, to any) error {
	var err error
	for _, address := range t.addresses {
		var res *http.Response
		client := http.Client{Timeout: time.Second}
		if res, err = client.Get("http://" + address + ":8500" + path); err != nil {
			continue
		}
		if res.StatusCode == http.StatusOK {
			err = json.NewDecoder(res.Body).Decode(to)
		} else {
			err = errors.New(res.Status)
		}
		if err = errors.Join(err, res.Body.Close()); err == nil {
			return nil
		}
	}
	return err
}

// end stops the runners, which stop their agents, and waits for them.
func (t *trio) end() {
	t.b.Helper()
	for _, cmd := range t.nodes {
		_ = cmd.Process.Signal(syscall.SIGTERM) // all are told before one is waited for
	}
	for _, cmd := range t.nodes {
		stop(cmd)
	}
}
