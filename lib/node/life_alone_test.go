package node

import (
	"slices"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// beats writes a heartbeat of a server now.
func (b *beating) beats(node, address string) {
	b.t.Helper()
	if _, err := b.Observer.Registry.Beat(b.t.Context(), node, address, time.Now(), registry.Servers); err != nil {
		b.t.Error(err)
	}
}

// after lets time pass while the loop goes on and then wants this said.
func (b *beating) after(d time.Duration, said ...string) {
	b.t.Helper()
	time.Sleep(d)
	b.says(said...)
}

// lonely is a server whose cluster has gone.
func lonely() Status {
	return Status{Node: "s1", Address: "192.0.2.1", Server: true, Members: 1, LogIndex: 7}
}

// client is a client with servers.
func client() Status {
	return Status{Node: "s1", Address: "192.0.2.1", Members: 4, KnownServers: 3}
}

// A server that has joined another which is as lonely is as lonely as before (R41): the
// next attempt comes at its time. Once it has a leader that is told, once.
func TestLifeAloneTogether(t *testing.T) {
	t.Parallel()
	lifetime(t, lonely(), func(t *testing.T, b *beating) {
		b.record(rule.Established, nil)
		b.beats("s3", "192.0.2.3")
		b.joinable = []string{"192.0.2.2"}
		b.srv.Forget()
		b.starts()
		b.after(4900 * time.Millisecond)
		if got := b.srv.Count(storetest.Op("list")); got != 0 {
			t.Errorf("got %d lists before the first attempt", got)
		}
		b.after(200*time.Millisecond, "the agent is alone; it has joined 192.0.2.2") // 5.1 s
		b.set(func() {
			b.status.Members = 2
			b.joinable = []string{"192.0.2.3", "192.0.2.2"}
		})
		b.after(9800 * time.Millisecond)
		b.after(200*time.Millisecond, "the agent has no leader; it has joined 192.0.2.2, 192.0.2.3") // 15.1 s
		b.set(func() { b.status = led() })
		b.after(2*time.Second, "the agent has found a leader")
		b.after(3 * testTicks)
		if got := b.srv.Count(storetest.Op("list")); got != 4 {
			t.Errorf("got %d lists, want two for each of two attempts", got)
		}
	})
}

// A client whom nobody can help is silent about it; what an attempt fails with is told.
// When it has found a server that is told.
func TestLifeAloneClient(t *testing.T) {
	t.Parallel()
	lifetime(t, Status{Node: "s1", Address: "192.0.2.1", Members: 1}, func(t *testing.T, b *beating) {
		b.starts()
		b.after(14 * time.Second) // nobody is there at 5 s
		b.beats("s2", "192.0.2.2")
		b.set(func() { b.denied = true })
		b.after(2*time.Second, "warning: the agent is alone: join 192.0.2.2: "+ErrNoPermission.Error()) // at 15 s
		b.srv.Deny(storetest.Op("list"))
		b.after(20*time.Second, "warning: the agent is alone, and the registry does not say whom to join: list s3://b/r/") // at 35 s
		b.srv.Deny(nil)
		b.set(func() {
			b.denied, b.joinable = false, []string{"192.0.2.2"}
			b.status.Members = 2
		})
		b.after(39500*time.Millisecond, "the agent knows no server; it has joined 192.0.2.2") // at 75 s
		b.set(func() { b.status = client() })
		b.after(2*time.Second, "the agent has found a server")
		b.after(2 * testTicks)
	})
}

// An agent that was alone for less than five seconds is left alone, and so is one that
// was not running in between. That others have joined it is not its own doing, so
// nothing is told.
func TestLifeAloneForAMoment(t *testing.T) {
	t.Parallel()
	const nothing = "nothing"
	for name, meanwhile := range map[string]func(b *beating){
		"it has found a leader": func(b *beating) { b.status.Leader = "192.0.2.2:8300" },
		"it was restarted":      func(b *beating) { b.absent = ErrNotRunning },
		nothing:                 func(*beating) {},
	} {
		lifetime(t, lonely(), func(t *testing.T, b *beating) {
			b.record(rule.Established, nil)
			b.starts()
			time.Sleep(4500 * time.Millisecond)
			b.set(func() { meanwhile(b) })
			time.Sleep(time.Second)
			if name != nothing {
				b.says()
				b.set(func() { b.status, b.absent = lonely(), nil })
			}
			time.Sleep(3 * time.Second)
			b.set(func() {
				if tried := len(b.joined) > 0; tried != (name == nothing) {
					t.Errorf("%s: got %q joined in 8.5 s", name, b.joined)
				}
			})
		})
	}
}

// Those that can be joined do not wait for one that hangs, beyond two seconds once, and
// an address that never answers is not asked for.
func TestLifeAloneAmongBlackHoles(t *testing.T) {
	t.Parallel()
	lifetime(t, lonely(), func(t *testing.T, b *beating) {
		b.record(rule.Established, nil)
		b.beats("s3", "192.0.2.3")
		b.beats("s4", "192.0.2.4")
		b.blackholes, b.hangs, b.joinable = []string{"192.0.2.2"}, []string{"192.0.2.3"}, []string{"192.0.2.4"}
		b.starts()
		b.after(6900 * time.Millisecond)
		b.after(200*time.Millisecond, "the agent is alone; it has joined 192.0.2.4")
		b.after(8*time.Second, "the agent is alone; it has joined 192.0.2.4") // at 15 s, without waiting
		b.set(func() {
			slices.Sort(b.joined)
			if want := []string{"192.0.2.3", "192.0.2.4", "192.0.2.4"}; !slices.Equal(b.joined, want) {
				t.Errorf("got %q joined, want %q", b.joined, want)
			}
		})
	})
}
