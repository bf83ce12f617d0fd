package members

import (
	"testing"
	"time"

	"auto-consul/lib/registry"
)

// Where the record and the listings differ, a document is of the earlier moment:
// who decides from it must not take for silent who has beaten between the two.
func TestDocumentTime(t *testing.T) {
	t.Parallel()
	early := time.Date(2026, 11, 23, 1, 16, 10, 0, time.UTC)
	late := early.Add(10 * time.Second)
	some := map[registry.Role][]registry.Member{registry.Servers: nil}
	for name, tt := range map[string]struct {
		listed, recorded time.Time
		live             map[registry.Role][]registry.Member
	}{
		"the record came late":     {early, late, some},
		"the listings came late":   {late, early, some},
		"nothing was to be listed": {time.Time{}, early, nil},
	} {
		o := Reading{Snapshot: registry.Snapshot{Time: tt.listed, Live: tt.live}}
		o.Cluster.Time = tt.recorded
		if got := o.Document("s3://b", time.Minute).Time; !got.Equal(early) {
			t.Errorf("%s: got %v, want %v", name, got, early)
		}
	}
}
