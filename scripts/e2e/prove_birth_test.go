package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/wire"
)

// Three real agents are born together while their processes are killed and
// paused at random moments. However it goes, it comes to one cluster. PROVE=full
// runs fifty births of each kind, PROVE_SEED=n one.
func TestProveBirth(t *testing.T) {
	t.Parallel()
	seeds := make([]uint64, pick(6, 150))
	for i := range seeds {
		seeds[i] = uint64(i)
	}
	if seed, ok := givenSeed(t, "PROVE_SEED"); ok {
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		birth, open := []string{"auto", "first", "quorum"}[seed%3], newBucket
		if seed/3%2 == 1 {
			open = newDirectory
		}
		t.Run(fmt.Sprintf("seed %d, birth %s", seed, birth), func(t *testing.T) {
			t.Parallel()
			runBirth(t, open(t), birth, seed)
		})
	}
}

// givenSeed returns the seed that a variable of the environment holds, if it is set.
func givenSeed(t *testing.T, name string) (seed uint64, ok bool) {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return 0, false
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("bad %s: %v", name, err)
	}
	return seed, true
}

func runBirth(t *testing.T, s store, how string, seed uint64) {
	b := newBirth(t, s, 3, "-birth", how)
	b.faults = drawFaults(rand.New(rand.NewPCG(seed, 0)), len(b.nodes))
	b.start()
	for b.faulty() {
		b.supervise()
		b.strike()
		time.Sleep(10 * time.Millisecond)
	}
	b.note("faults are over")
	eventually(t, "one cluster", func() error {
		b.supervise()
		return b.whole()
	})
	b.note("one cluster")
}

// newBirth is of so many nodes, three of which are to be servers.
func newBirth(t *testing.T, s store, nodes int, flags ...string) *birth {
	b := &birth{t: t, store: s}
	t.Cleanup(b.tell)
	for i := range nodes {
		m := newMachine(t, fmt.Sprintf("n%d", i+1), s)
		argv := append(m.runner("-s", "3", "-e", "10", "-t", "3"), flags...)
		b.nodes = append(b.nodes, &supervisedNode{machine: m, argv: append(argv, "run", "--", "-client="+m.address)})
	}
	return b
}

// start starts all nodes at the same moment.
func (b *birth) start() {
	b.begin = time.Now()
	for _, n := range b.nodes {
		n.runner = n.start(n.argv...)
	}
}

// birth is one cluster on its way.
type birth struct {
	t      *testing.T
	store  store
	begin  time.Time
	nodes  []*supervisedNode
	faults []*fault
	story  []string
}

func (b *birth) note(format string, args ...any) {
	b.story = append(b.story, fmt.Sprintf("%6.2fs ", time.Since(b.begin).Seconds())+fmt.Sprintf(format, args...))
}

func (b *birth) tell() {
	if len(b.story) > 0 {
		b.t.Log("\n" + strings.Join(b.story, "\n"))
	}
}

func (b *birth) faulty() bool {
	return slices.ContainsFunc(b.faults, func(f *fault) bool { return !f.over })
}

// supervise starts what has ended again. What a dead runner leaves behind is
// killed first. A node that is told that its data is of no use is given none.
func (b *birth) supervise() {
	for _, n := range b.nodes {
		switch {
		case n.again.IsZero() && n.runner.ended():
			killAll(b.t, n.id())
			b.note("%s ended with %d", n.node, n.runner.code())
			n.again = time.Now().Add(500 * time.Millisecond)
			if n.runner.code() == fenced {
				if err := os.RemoveAll(n.path("data")); err != nil {
					b.t.Fatal(err)
				}
				b.note("%s loses its data", n.node)
			}
		case !n.again.IsZero() && time.Now().After(n.again):
			n.again = time.Time{}
			n.runner = n.start(n.argv...)
		}
	}
}

// fenced is the exit code of a node whose data is another cluster's.
const fenced = 76

// record is what of the cluster record matters here.
type record struct {
	State     string
	ClusterID string `json:"cluster_id"`
	Desired   int
	Restore   string // the snapshot that it was born from
	Bootstrap struct {
		Node string
		Term int64
	}
	Servers []wire.Slot
	Leaving *wire.Leaving
}

func (s store) record() (rec record, err error) {
	body, err := s.get("cluster.json")
	if err == nil {
		err = json.Unmarshal([]byte(body), &rec)
	}
	return rec, err
}

// whole says what is missing to one cluster: one record, all data directories
// its, one leader, one set of peers, and what one server writes all servers read.
func (b *birth) whole() error {
	rec, err := b.store.record()
	if err != nil {
		return err
	}
	_, err = oneCluster(rec, b.nodes)
	err = errors.Join(err, want("state", rec.State, "established"), want("slots", slotNames(rec.Servers), nodeNames(b.nodes)))
	if err != nil {
		return err
	}
	return b.sameContents(rec.ClusterID)
}

func (b *birth) sameContents(value string) error {
	err := b.nodes[0].putKey("birth", value)
	for _, n := range b.nodes {
		got, gerr := n.staleKey("birth")
		err = errors.Join(err, gerr, want("key of "+n.node, got, value))
	}
	return err
}
