package bench

import (
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

	"github.com/hashicorp/consul/api"

	"auto-consul/lib/scripttest"
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
	env := scripttest.StoreEnv(newGateway(b).Endpoint)
	for _, multiplier := range []int{1, 5} { // 5 is Consul's default
		b.Run(fmt.Sprintf("multiplier %d", multiplier), func(b *testing.B) {
			var plainLeader, plainVoters []time.Duration
			for _, how := range []string{"plain", "quorum", "first"} {
				b.Run(how, func(b *testing.B) {
					var leader, voters []time.Duration
					for b.Loop() {
						for range rounds[how] {
							t := newTrio(b, env, multiplier)
							soon, late := t.birth(how, fmt.Sprintf("%s/%d/%s/%d", url, multiplier, how, len(leader)))
							leader, voters = append(leader, soon), append(voters, late)
						}
					}
					if how == "plain" {
						plainLeader, plainVoters = leader, voters
					}
					report(b, map[string]float64{
						"leader-s": median(leader).Seconds(), "x-plain-leader": ratio(leader, plainLeader),
						"voters-s": median(voters).Seconds(), "x-plain-voters": ratio(voters, plainVoters),
						"added-leader-s": (median(leader) - median(plainLeader)).Seconds(),
					})
				})
			}
		})
	}
}

// trio is three machines on loopback addresses.
type trio struct {
	b         *testing.B
	dir       string
	env       []string
	addresses [3]string
}

func newTrio(b *testing.B, env []string, multiplier int) *trio {
	b.Helper()
	t := &trio{b: b, dir: b.TempDir()}
	t.env = scripttest.Environ(t.dir, env...)
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
	if err := errors.Join(os.Mkdir(t.dir+"/consul.d", 0o755), os.WriteFile(t.dir+"/consul.d/bench.hcl", []byte(config), 0o644)); err != nil {
		b.Fatal(err)
	}
	return t
}

// birth starts all machines, looks on, and stops them. It returns when there was
// a leader, and when there were three voters.
func (t *trio) birth(how, registry string) (leader, voters time.Duration) {
	var nodes []*exec.Cmd
	begin := time.Now()
	for i, address := range t.addresses {
		cmd := command(append(t.env, "CONSUL_HTTP_ADDR="+address+":8500"), t.commandLine(i, how, registry)...)
		start(t.b, cmd)
		nodes = append(nodes, cmd)
	}
	await(t.b, "a leader", func() error { return t.vote(1) })
	leader = time.Since(begin)
	await(t.b, "three voters", func() error { return t.vote(len(t.addresses)) })
	voters = time.Since(begin)
	for _, cmd := range nodes {
		_ = cmd.Process.Signal(syscall.SIGTERM) // all are told before one is waited for
	}
	for _, cmd := range nodes {
		stop(cmd) // a runner stops its agent
	}
	return leader, voters
}

// vote is an error unless a leader says, to the first machine that hears of one,
// that so many servers vote at least.
func (t *trio) vote(least int) error {
	voters, problem := 0, error(nil)
	for _, address := range t.addresses {
		client, err := api.NewClient(&api.Config{Address: address + ":8500", HttpClient: &http.Client{Timeout: time.Second}})
		problem = errors.Join(problem, err)
		if err != nil {
			continue
		}
		raft, err := client.Operator().RaftGetConfiguration(nil)
		problem = errors.Join(problem, err)
		if err != nil {
			continue
		}
		for _, s := range raft.Servers {
			if s.Voter {
				voters++
			}
		}
		break
	}
	if voters < least {
		return fmt.Errorf("%d voters, %w", voters, problem)
	}
	return nil
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
