package bench

import (
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"auto-consul/lib/registry"
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
	store    registry.Store
	endpoint string
	env      []string

	mu    sync.Mutex
	ahead time.Duration // of the store's clock
}

func newServer(b *testing.B) *s3server {
	b.Helper()
	s := &s3server{Server: storetest.New(b)}
	s.SetClock(s.now)
	s.CreateBucket(b, bucket)
	s.store = s.Open(b, bucket, prefix)
	web := httptest.NewServer(s.Server)
	b.Cleanup(web.Close)
	s.endpoint = web.URL
	s.env = environ(b, b.TempDir(), "AWS_ENDPOINT_URL_S3="+web.URL, "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret")
	return s
}

func (s *s3server) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.ahead)
}

// skip moves the store's clock.
func (s *s3server) skip(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

// delay lets every request take its time.
func (s *s3server) delay(d time.Duration) {
	s.SetFault(func(storetest.Request) storetest.Fault { return storetest.Fault{Delay: d} })
}

// fill writes heartbeats of so many agents, and of five servers.
func (s *s3server) fill(b *testing.B, agents int) {
	b.Helper()
	r := registry.Registry{Store: s.store, Expiry: time.Hour}
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
