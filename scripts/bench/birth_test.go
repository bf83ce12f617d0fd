package bench

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"auto-consul/lib/scripttest"
)

// ways are the ways in which three machines become a cluster. The first is plain Consul
// that was told all addresses and the number of servers beforehand.
var ways = []string{plain, "auto", "quorum", "first"}

const plain = "plain"

// BenchmarkBirth is three blank machines on their way to three agents that answer, to a
// leader and to three voters. What this project adds lies before the first of these. A
// birth takes a random time, because elections do. So all ways take turns, the next round
// in another order, and the figures are the median, the least and the most of all rounds,
// and the ratio of the medians to plain Consul's with the interval that contains it with
// a probability of 95 %. Of -birth first the voters are not waited for: Consul lets them
// vote after 16 to 40 s. BENCH_BIRTHS is the number of rounds.
func BenchmarkBirth(b *testing.B) {
	rounds := map[int]int{1: 12, consulMultiplier: 10}
	if full() {
		rounds = map[int]int{1: 30, consulMultiplier: 12}
	}
	if text := os.Getenv("BENCH_BIRTHS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			b.Fatalf("bad BENCH_BIRTHS %q: want a number of rounds", text)
		}
		rounds = map[int]int{1: n, consulMultiplier: n}
	}
	env := scripttest.StoreEnv(newGateway(b).Endpoint)
	for _, multiplier := range []int{1, consulMultiplier} {
		b.Run(fmt.Sprintf("multiplier=%d", multiplier), func(b *testing.B) {
			agents, leader, voters := map[string][]time.Duration{}, map[string][]time.Duration{}, map[string][]time.Duration{}
			for round := range rounds[multiplier] {
				for i := range ways {
					way := ways[(i+round)%len(ways)]
					registry := fmt.Sprintf("%s/%d/%s/%d", url, multiplier, way, round)
					took := newTrio(b, env, multiplier).birth(way, registry)
					agents[way], leader[way], voters[way] = append(agents[way], took[0]), append(leader[way], took[1]), append(voters[way], took[2])
				}
			}
			for _, way := range ways {
				reportTimes(b, way+"/agents", agents[way], agents[plain])
				reportTimes(b, way+"/leader", leader[way], leader[plain])
				if way != "first" {
					reportTimes(b, way+"/voters", voters[way], voters[plain])
				}
			}
		})
	}
}

// consulMultiplier is Consul's default for raft_multiplier.
const consulMultiplier = 5

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

// birth starts all machines, looks on, and stops them. It returns when all agents
// answered, when there was a leader, and when there were three voters; 0 for -birth first.
func (t *trio) birth(how, registry string) (took [3]time.Duration) {
	var nodes []*exec.Cmd
	begin := time.Now()
	for i, address := range t.addresses {
		cmd := command(append(t.env, "CONSUL_HTTP_ADDR="+address+":8500"), t.commandLine(i, how, registry)...)
		start(t.b, cmd)
		nodes = append(nodes, cmd)
	}
	await(t.b, "three agents", t.answer)
	took[0] = time.Since(begin)
	await(t.b, "a leader", func() error { return t.vote(1) })
	took[1] = time.Since(begin)
	if how != "first" {
		await(t.b, "three voters", func() error { return t.vote(len(t.addresses)) })
		took[2] = time.Since(begin)
	}
	for _, cmd := range nodes {
		_ = cmd.Process.Signal(syscall.SIGTERM) // all are told before one is waited for
	}
	for _, cmd := range nodes {
		stop(cmd) // a runner stops its agent
	}
	return took
}

// answer is an error unless all agents answer.
func (t *trio) answer() error {
	for _, address := range t.addresses {
		client := http.Client{Timeout: time.Second}
		res, err := client.Get("http://" + address + ":8500/v1/status/leader")
		if err != nil {
			return err
		}
		_ = res.Body.Close() // whatever it says
	}
	return nil
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
	if how != plain {
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
