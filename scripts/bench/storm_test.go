package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"auto-consul/lib/scripttest"
	"auto-consul/lib/wire"
)

// newGateway starts a real S3 server with one bucket. It ends with the benchmark.
func newGateway(b *testing.B) *scripttest.Gateway {
	b.Helper()
	g, err := scripttest.StartGateway()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(g.End)
	if err := os.Mkdir(filepath.Join(g.Dir, bucket), 0o755); err != nil {
		b.Fatal(err)
	}
	return g
}

// crew is how many processes a storm has.
const crew = 100

// BenchmarkStorm starts a hundred processes of ac-decide at one moment, with a
// real S3 server, beside as many that do nothing.
func BenchmarkStorm(b *testing.B) {
	forward, err := scripttest.Forward(newGateway(b).Endpoint)
	if err != nil {
		b.Fatal(err)
	}
	var requests atomic.Int64
	counted := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		forward.ServeHTTP(w, r)
	}))
	b.Cleanup(counted.Close)
	env := scripttest.Environ(b.TempDir(), scripttest.StoreEnv(counted.URL)...)
	for _, desired := range []int{1, 3, 5} {
		b.Run(fmt.Sprintf("%d servers", desired), func(b *testing.B) {
			var own, idle []time.Duration
			servers, begin := 0, requests.Load()
			clusters := map[string]bool{}
			for round := 0; b.Loop(); round++ {
				dir := b.TempDir()
				took, _ := scripttest.Together(b, env, crew, func(int) []string { return []string{"ac-decide", "-h"} })
				idle = append(idle, took)
				took, printed := scripttest.Together(b, env, crew, func(i int) []string {
					return []string{
						"ac-decide", "-r", fmt.Sprintf("%s/%d/%d", url, desired, round), "-s", fmt.Sprint(desired), "-timeout", "2m",
						"-n", fmt.Sprintf("node%d", i), "-a", fmt.Sprintf("127.221.0.%d", 1+i), "-d", filepath.Join(dir, fmt.Sprint(i)),
					}
				})
				own = append(own, took)
				for _, text := range printed {
					var d wire.Decision
					if err := json.Unmarshal([]byte(text), &d); err != nil {
						b.Fatal(err)
					}
					if d.Mode == wire.Server {
						servers++
					}
					clusters[fmt.Sprint(round, d.ClusterID, d.Generation)] = true
				}
			}
			report(b, map[string]float64{
				"s": median(own).Seconds(), "x-idle": ratio(own, idle),
				"clusters":      float64(len(clusters)) / float64(len(own)),
				"servers":       float64(servers) / float64(len(own)),
				"requests/node": float64(requests.Load()-begin) / float64(len(own)*crew),
			})
		})
	}
}
