package node

import (
	"errors"
	"testing"
	"time"

	"auto-consul/lib/rule"
)

const restoredFrom = "snapshots/c0/0000000001-00000000000000000042-20260102020405.snap"

// leadsRestored runs a test of the raft leader of a cluster that was restored.
func leadsRestored(t *testing.T, test func(t *testing.T, b *beating)) {
	t.Helper()
	status := led()
	status.Leads = true
	lifetime(t, status, func(t *testing.T, b *beating) {
		b.record(rule.Established, func(r *rule.Record) { r.Restore = restoredFrom })
		b.staleNodes = []StaleNode{{Name: "s2", ID: "old", Index: 7}}
		test(t, b)
	})
}

// The leader of a restored cluster deregisters nodes that keep members from registering,
// also such as come in the first two minutes (R55).
func TestFreeNames(t *testing.T) {
	t.Parallel()
	leadsRestored(t, func(_ *testing.T, b *beating) {
		b.starts()
		time.Sleep(time.Second)
		b.says("deregistered node s2 with id old of the restored snapshot: s2 has another id now")
		b.set(func() { b.staleNodes = []StaleNode{{Name: "s3", ID: "older"}} })
		time.Sleep(stalePause)
		b.says("deregistered node s3 with id older")
		time.Sleep(staleTime)
		b.set(func() { b.looks = 0 })
		time.Sleep(time.Hour)
		if b.looks != 0 {
			b.t.Errorf("got %d looks an hour later, want none", b.looks)
		}
		b.says()
	})
}

// Nobody else does: no follower, and no leader of a cluster that was not restored.
func TestFreeNamesNot(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b *beating){
		"a follower":   func(b *beating) { b.status.Leads = false },
		"not restored": func(b *beating) { b.record(rule.Established, nil) },
	} {
		leadsRestored(t, func(t *testing.T, b *beating) {
			change(b)
			b.runs(time.Minute)
			if b.looks != 0 {
				t.Errorf("%s: got %d looks, want none", name, b.looks)
			}
		})
	}
}

// What it may not do, or what is not answered, is tried a few times, and then one line says
// what to type (R55).
func TestFreeNamesGivesUp(t *testing.T) {
	t.Parallel()
	const typed = `curl -X PUT -H "X-Consul-Token: $TOKEN" -d '{"Node":"NAME"}' ${CONSUL_HTTP_ADDR:-127.0.0.1:8500}/v1/catalog/deregister`
	leadsRestored(t, func(_ *testing.T, b *beating) {
		b.denied = true
		b.runs(10*staleTime - time.Second)
		b.says("warning: nodes of the restored snapshot may keep others of their names from registering: deregister node s2: the Consul agent denies access; this deregisters one, of s2: " + typed)
	})
	leadsRestored(t, func(t *testing.T, b *beating) {
		b.staleErr = errors.New("BROKEN")
		b.runs(10*staleTime - time.Second)
		b.says("warning: nodes of the restored snapshot may keep others of their names from registering: BROKEN; this deregisters one: " + typed)
		if b.looks != staleChecks {
			t.Errorf("got %d looks, want %d", b.looks, staleChecks)
		}
	})
	leadsRestored(t, func(_ *testing.T, b *beating) {
		b.staleErr = errors.New("BROKEN")
		time.AfterFunc(stalePause+time.Second, func() { b.set(func() { b.staleErr = nil }) })
		b.runs(10*staleTime - time.Second)
		b.says("deregistered node s2")
	})
}
