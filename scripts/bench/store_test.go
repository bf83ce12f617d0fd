package bench

import (
	"fmt"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/scripttest"
	"auto-consul/lib/storetest"
)

const (
	bucket = "bench"
	prefix = "r"
	url    = "s3://" + bucket + "/" + prefix
)

// s3server is a store in this process that programs reach on a socket.
type s3server struct {
	*storetest.Server
	endpoint string
	env      []string
	ahead    atomic.Int64 // nanoseconds of the store's clock
}

func newServer(b *testing.B) *s3server {
	b.Helper()
	s := &s3server{Server: storetest.New(b)}
	s.SetClock(s.now)
	s.CreateBucket(b, bucket)
	web := httptest.NewServer(s.Server)
	b.Cleanup(web.Close)
	s.endpoint, s.env = web.URL, scripttest.Environ(b.TempDir(), scripttest.StoreEnv(web.URL)...)
	return s
}

func (s *s3server) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// fill writes heartbeats of so many agents, and of five servers.
func (s *s3server) fill(b *testing.B, agents int) {
	b.Helper()
	r := registry.Registry{Store: s.Open(b, bucket, prefix), Expiry: time.Hour}
	for i := range agents {
		roles := []registry.Role{registry.Agents}
		if i < 5 {
			roles = append(roles, registry.Servers)
		}
		address := fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
		if _, err := r.Beat(b.Context(), fmt.Sprintf("node%d", i), address, s.now(), roles...); err != nil {
			b.Fatal(err)
		}
	}
}
