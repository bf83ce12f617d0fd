package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/storetest"
	"auto-consul/lib/wire"
)

// crowd is how many nodes decide at once.
const crowd = 1000

// crowded asks this program, started once more, for the figures of a crowd.
const crowded = "AC_BENCH_CROWD"

// BenchmarkCrowd lets a thousand nodes decide at once, beside the plain rule's
// number of bootstraps at the same start. Time is virtual, so that a node does
// not wait for the others' share of one machine; it is TestCrowd that can have it.
func BenchmarkCrowd(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	for _, desired := range []int{1, 3, 5} {
		b.Run(fmt.Sprintf("%d servers", desired), func(b *testing.B) {
			for b.Loop() {
				m := run(b, environ(b, b.TempDir(), fmt.Sprintf("%s=%d", crowded, desired)), self, "-test.run=^TestCrowd$")
				text, _, _ := bytes.Cut(m.out, []byte("\n"))
				var figures map[string]float64
				if err := json.Unmarshal(text, &figures); err != nil {
					b.Fatalf("%v: %s", err, m.out)
				}
				report(b, figures)
			}
		})
	}
}

// TestCrowd is what BenchmarkCrowd shows, and that it is right.
func TestCrowd(t *testing.T) {
	asked, _ := strconv.Atoi(os.Getenv(crowded))
	for _, desired := range []int{1, 3, 5} {
		if asked != 0 && asked != desired {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			figures := runCrowd(t, desired)
			if figures["bootstraps"] != 1 || figures["servers"] != float64(desired) || figures["plain-bootstraps"] < 2 {
				t.Errorf("got %v, want one bootstrap and %d servers, and a race by the plain rule", figures, desired)
			}
			if text, err := json.Marshal(figures); err == nil && asked != 0 {
				fmt.Println(string(text))
			}
		})
	}
}

func runCrowd(t *testing.T, desired int) map[string]float64 {
	s := storetest.New(t)
	s.CreateBucket(t, bucket)
	s.SetFault(func(storetest.Request) storetest.Fault {
		return storetest.Fault{Delay: 10*time.Millisecond + rand.N(20*time.Millisecond)}
	})
	r := &registry.Registry{Store: s.Open(t, bucket, prefix), Expiry: 2 * time.Minute}
	var plain atomic.Int64
	together(func(i int) {
		look, err := claim.Reader{Registry: r}.Heartbeats(t.Context())
		if err != nil {
			t.Error(err)
		} else if claim.Plain(newcomer(i), desired, look.Snapshot).Bootstrap {
			plain.Add(1)
		}
	})
	s.Forget()
	begin := time.Now()
	verdicts, tries := make([]claim.Verdict, crowd), make([]int, crowd)
	together(func(i int) {
		var err error
		if verdicts[i], tries[i], err = decide(t.Context(), r, newcomer(i), desired); err != nil {
			t.Error(err)
		}
	})
	figures := map[string]float64{
		"virtual-s":        time.Since(begin).Seconds(),
		"requests/node":    float64(s.Count(nil)) / crowd,
		"most-tries":       float64(slices.Max(tries)),
		"swaps":            float64(s.Count(func(r storetest.Request) bool { return r.Conditional() && r.Key == prefix+"/"+claim.RecordKey })),
		"plain-bootstraps": float64(plain.Load()),
		"bootstraps":       0, "servers": 0,
	}
	for _, v := range verdicts {
		if v.Bootstrap {
			figures["bootstraps"]++
		}
		if v.Mode == wire.Server {
			figures["servers"]++
		}
	}
	return figures
}

// together calls f for each node, all at once, and waits.
func together(f func(i int)) {
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range crowd {
		wg.Go(func() {
			<-gate
			f(i)
		})
	}
	close(gate)
	wg.Wait()
}

func newcomer(i int) claim.Self {
	return claim.Self{
		Node: fmt.Sprintf("node%d", i), Address: fmt.Sprintf("10.0.%d.%d", i>>8, i&255), Incarnation: fmt.Sprintf("incarnation%d", i),
	}
}

func decide(ctx context.Context, r *registry.Registry, self claim.Self, desired int) (claim.Verdict, int, error) {
	counted := &swaps{Store: r.Store}
	d := claim.Decider{
		Reader: claim.Reader{Registry: &registry.Registry{Store: counted, Expiry: r.Expiry}}, Self: self,
		Policy: claim.Policy{Desired: desired, Birth: claim.First, Lost: claim.LostAuto, Expiry: r.Expiry},
		Wait:   time.Minute, Timeout: time.Minute,
		Keep:    func() error { return nil },
		Answers: func(context.Context, string) bool { return false },
		Dice:    claim.NewDice(), Progress: func(string, ...any) {},
	}
	v, _, err := d.Decide(ctx, nil)
	return v, counted.n, err
}

// swaps counts one node's tries to write the record.
type swaps struct {
	registry.Store
	n int
}

func (s *swaps) Swap(ctx context.Context, key string, body []byte, etag string) error {
	if key == claim.RecordKey {
		s.n++
	}
	return s.Store.Swap(ctx, key, body, etag)
}
