package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
)

// words are a word or a list of them, as a policy may have either.
type words []string

// UnmarshalJSON implements [json.Unmarshaler].
func (w *words) UnmarshalJSON(data []byte) error {
	if one := ""; json.Unmarshal(data, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(w))
}

// policy is what may be done in a bucket.
type policy struct {
	Version   string
	Statement []struct {
		Effect           string
		Action, Resource words
		Condition        struct {
			StringLike map[string]words
		}
	}
}

// readmePolicy returns the policy in the README, for a registry.
func readmePolicy(t *testing.T, bucket, prefix string) (p policy) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "<!-- check: policy -->\n```json\n")
	block, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the README has no policy")
	}
	block = strings.NewReplacer("my-bucket", bucket, "consul/", prefix+"/").Replace(block)
	if err := json.Unmarshal([]byte(block), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// withSnapshots returns the policy with the same rights on the snapshots, as the README
// says in words.
func (p policy) withSnapshots(bucket, prefix string) policy {
	p.Statement = slices.Clone(p.Statement)
	for i := range p.Statement {
		s := &p.Statement[i]
		if len(s.Condition.StringLike) > 0 {
			s.Condition.StringLike = map[string]words{"s3:prefix": append(slices.Clone(s.Condition.StringLike["s3:prefix"]), prefix+"/snapshots/*")}
			continue
		}
		s.Resource = append(slices.Clone(s.Resource), "arn:aws:s3:::"+bucket+"/"+prefix+"/snapshots/*")
	}
	return p
}

// rights are all that a policy allows, each an action and a pattern of names.
func (p policy) rights() (out []string) {
	for _, s := range p.Statement {
		on := s.Resource
		if list := s.Condition.StringLike["s3:prefix"]; list != nil {
			on = list
		}
		for _, action := range s.Action {
			for _, pattern := range on {
				out = append(out, action+" "+pattern)
			}
		}
	}
	return out
}

// matching returns the rights that allow an action on a name.
func (p policy) matching(action, name string) (out []string) {
	for _, right := range p.rights() {
		a, pattern, _ := strings.Cut(right, " ")
		begin, any := strings.CutSuffix(pattern, "*")
		if a == action && (name == pattern || any && strings.HasPrefix(name, begin)) {
			out = append(out, right)
		}
	}
	return out
}

// The README's policy is the smallest that works, with snapshots and without: nothing is
// denied, and each right is used, in a life of a cluster.
func TestPolicy(t *testing.T) {
	t.Parallel()
	for name, snapshots := range map[string]bool{"without snapshots": false, "with snapshots": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, s := startGuard(t, func(bucket, prefix string) policy {
				p := readmePolicy(t, bucket, prefix)
				if snapshots {
					p = p.withSnapshots(bucket, prefix)
				}
				return p
			})
			c := newCluster(t, s, "auto")
			for _, node := range []string{"n1", "n2", "n3"} {
				c.nodes[node] = newMachine(t, node, s)
				c.restart(node, c.nodes[node], "AC_SNAPSHOTS="+map[bool]string{true: "2", false: "0"}[snapshots])
			}
			c.awaitPeers(c.await(3, 3))
			if snapshots {
				c.thinsSnapshots()
			}
			look := c.look.run("", c.look.runner("-e", "12", "status")...)
			if err := contains("status", look.stdout, "established"); err != nil {
				t.Errorf("%v: %s", err, look.stderr)
			}
			left := c.nodes["n2"].run("", c.nodes["n2"].runner("leave")...)
			if left.code != 0 {
				t.Errorf("leave: code %d: %s", left.code, left.stderr)
			}
			g.wantAllUsed(t, snapshots)
		})
	}
}

// The control: a right that is missing is missed. Who may not list the record's name takes
// a record that is not there for one that is denied; and without rights on snapshots there
// are none, and the beats go on.
func TestPolicyThatIsTooSmall(t *testing.T) {
	t.Parallel()
	_, blind := startGuard(t, func(bucket, prefix string) policy {
		p := readmePolicy(t, bucket, prefix)
		list := p.Statement[0].Condition.StringLike
		list["s3:prefix"] = slices.DeleteFunc(list["s3:prefix"], func(s string) bool { return strings.HasSuffix(s, "/cluster.*") })
		return p
	})
	m := newMachine(t, "n1", blind)
	if got := m.run("", "ac-decide", "-r", blind.url, "-n", m.node, "-a", m.address, "-d", m.path("data")); got.code != 77 {
		t.Errorf("got code %d, want 77: %s", got.code, got.stderr)
	}
	_, s := startGuard(t, func(bucket, prefix string) policy { return readmePolicy(t, bucket, prefix) })
	m = newMachine(t, "n1", s)
	m.leaderOf("c1", func(http.ResponseWriter, *http.Request) { t.Error("a snapshot was taken that cannot be kept") })
	loop := m.start("ac-heartbeat", "-r", s.url, "-d", m.path("data"), "-t", "1", "-snapshots", "1h")
	eventually(t, "a line", func() error {
		return contains("stderr", loop.err.String(), "ac-heartbeat: warning: no snapshot: list "+s.url+"/snapshots/c1: access denied (AccessDenied); next try in 1s\n")
	})
	eventually(t, "beats", func() error { return atLeast("beats", strings.Count(loop.out.String(), "\n"), 3) })
}

// thinsSnapshots waits until an old snapshot of the cluster was removed for a new one.
func (c *cluster) thinsSnapshots() {
	c.t.Helper()
	old := registry.ConsulSnapshot{ClusterID: c.look.members().Cluster.ClusterID, Term: 1, Time: time.Now().Add(-400 * 24 * time.Hour)}
	if err := c.store.put(old.Key(), "old"); err != nil {
		c.t.Fatal(err)
	}
	n := 0
	eventually(c.t, "a snapshot in the place of an old one", func() error {
		n++
		wrote := c.nodes["n1"].run("", "consul", "kv", "put", "count", fmt.Sprint(n))
		kept, err := c.store.snapshots()
		if err == nil && (len(kept) == 0 || kept[0].Time.Before(time.Now().Add(-24*time.Hour))) {
			err = fmt.Errorf("%w: %d are kept, %s", errNotYet, len(kept), wrote.stderr)
		}
		return err
	})
}
