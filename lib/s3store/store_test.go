package s3store_test

import (
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/storetest"
)

const bucket = "my-bucket" // long enough to stand in a host name

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, prefix := range map[string]string{"prefix": "consul/test-cluster", "no prefix": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A clock of its own, so that a local time would show.
			odd := func() time.Time { return time.Now().Add(-1234567 * time.Second) }
			storetest.Conformance(t, func(t *testing.T) registry.Store {
				srv := storetest.New(t)
				srv.SetClock(odd)
				srv.CreateBucket(t, bucket)
				return srv.Open(t, bucket, prefix)
			}, func(*testing.T) time.Time { return odd() })
		})
	}
}
