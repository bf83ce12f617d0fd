package bench

import (
	"slices"
	"testing"
	"time"

	"auto-consul/lib/consultest"
	"auto-consul/lib/storetest"
)

// agentSelf is what a server of a cluster with a leader says of itself.
const agentSelf = `{"Config":{"NodeName":"node0","Server":true},"Member":{"Addr":"10.0.0.0"},
"Stats":{"consul":{"leader_addr":"10.0.0.0:8300"},"raft":{"last_log_index":"9"},"serf_lan":{"members":"2"}}}`

// cluster is a registry with the record of a cluster with one server, node0,
// which was decided and has beaten. Its slot is older than the expiry.
func cluster(b *testing.B, desired string) (s *s3server, env []string, dir string) {
	agent := consultest.New(map[string]string{"self": agentSelf})
	s, dir = newServer(b), b.TempDir()
	env = append(s.env, "CONSUL_HTTP_ADDR="+agent.Start(b))
	run(b, env, "ac-decide", "-r", url, "-n", "node0", "-a", "10.0.0.0", "-d", dir, "-s", desired)
	s.ahead.Add(int64(150 * time.Second))
	run(b, env, "ac-heartbeat", "-r", url, "-d", dir)
	return s, env, dir
}

// decider decides on a node that is new.
func decider(b *testing.B, node string) []string {
	return []string{"ac-decide", "-r", url, "-n", node, "-a", "10.0.9.9", "-d", b.TempDir()}
}

// step is one run of a program: what goes before it, and its command line.
type step struct {
	name string
	prep func(b *testing.B) (s *s3server, argv, env []string)
}

var decisions = []step{
	{"decide, the creator", func(b *testing.B) (*s3server, []string, []string) {
		s := newServer(b)
		return s, decider(b, "new"), s.env
	}},
	{"decide, an agent of a birth", func(b *testing.B) (*s3server, []string, []string) {
		s := newServer(b)
		run(b, s.env, decider(b, "node0")...)
		return s, decider(b, "new"), s.env
	}},
	{"decide, an agent of a cluster", func(b *testing.B) (*s3server, []string, []string) {
		s, env, _ := cluster(b, "1")
		return s, decider(b, "new"), env
	}},
	{"decide, a second server", func(b *testing.B) (*s3server, []string, []string) {
		s, env, _ := cluster(b, "2")
		return s, decider(b, "new"), env
	}},
}

var others = []step{
	{"members of one node", func(b *testing.B) (*s3server, []string, []string) {
		s, env, _ := cluster(b, "1")
		return s, []string{"ac-members", "-r", url}, env
	}},
	{"beat of a server", func(b *testing.B) (*s3server, []string, []string) {
		s, env, dir := cluster(b, "1")
		return s, []string{"ac-heartbeat", "-r", url, "-d", dir}, env
	}},
}

// BenchmarkRequests counts what one run of a program sends to the store, and the
// bytes of the bodies both ways.
func BenchmarkRequests(b *testing.B) {
	for _, step := range slices.Concat(decisions, others) {
		b.Run(step.name, func(b *testing.B) {
			for b.Loop() {
				s, argv, env := step.prep(b)
				s.Forget()
				run(b, env, argv...)
				in, out := 0, 0
				for _, r := range s.Requests() {
					in, out = in+r.In, out+r.Out
				}
				report(b, map[string]float64{
					"requests": float64(s.Count(nil)), "lists": float64(s.Count(storetest.Op("list"))),
					"writes": float64(s.Count(storetest.Op("put", "delete"))), "sent-B": float64(in), "read-B": float64(out),
				})
			}
		})
	}
}
