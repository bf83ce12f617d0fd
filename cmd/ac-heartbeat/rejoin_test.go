package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/storetest"
)

// attempt lets the next attempt be due, and says how long it is to the one after.
func (r *rig) attempt() time.Duration {
	r.t.Helper()
	r.alone.due = time.Now()
	r.rejoin(r.t.Context(), r.status())
	return time.Until(r.alone.due).Round(time.Second)
}

// beats writes heartbeats of servers at 127.9.9.N.
func (r *rig) beats(numbers ...int) {
	r.t.Helper()
	for _, n := range numbers {
		r.put(fmt.Sprintf("servers/%s-s%d", time.Now().UTC().Format("20060102150405"), n), fmt.Sprintf("127.9.9.%d", n))
	}
}

func TestRejoin(t *testing.T) {
	r := newRig(t)
	r.beats(1, 2, 3)
	r.answers("self", leaderless)
	r.answers("join", "")

	// Who is alone for a moment is left alone.
	if got := r.rejoin(t.Context(), r.status()).Round(time.Second); got != rejoinPause {
		t.Errorf("got a first pause of %v, want %v", got, rejoinPause)
	}
	if got := r.srv.Count(storetest.Op("list")); got != 0 {
		t.Errorf("got %d lists before the first attempt", got)
	}

	// Refused, the attempts become rarer, up to the tick.
	for i, want := range []int{10, 20, 40, 60, 60} {
		if got := r.attempt(); got != time.Duration(want)*time.Second {
			t.Errorf("attempt %d: got a pause of %v, want %d s", i, got, want)
		}
		r.says("warning: the agent is alone, and nobody could be joined at 127.9.9.3, 127.9.9.2")
	}
	for _, address := range []string{"127.9.9.2", "127.9.9.3"} {
		if got := r.agent.count("PUT /v1/agent/join/" + address); got != 5 {
			t.Errorf("got %d joins of %s, want 5", got, address)
		}
	}
	if got := r.agent.count("PUT /v1/agent/join/127.9.9.1"); got != 0 {
		t.Errorf("got %d joins of itself", got)
	}

	// Having joined somebody as lonely, it is as alone as before.
	r.answers("join", "127.9.9.2")
	r.attempt()
	r.says("t: the agent is alone; it has joined 127.9.9.2")
	r.answers("self", strings.Replace(leaderless, `"members":"1"`, `"members":"2"`, 1))
	if got := r.rejoin(t.Context(), r.status()); got < 50*time.Second {
		t.Errorf("got %v, want nothing before the next attempt", got)
	}
	r.says()
	r.answers("join", "127.9.9.3 127.9.9.2")
	r.attempt()
	r.says("t: the agent has no leader; it has joined 127.9.9.2, 127.9.9.3")

	// And then it is not.
	r.answers("self", led)
	if got := r.rejoin(t.Context(), r.status()); got != 0 || r.alone.tried {
		t.Errorf("got %v, %+v, want nothing to wait for", got, r.alone)
	}
	r.says("t: the agent has found a leader")
	r.rejoin(t.Context(), r.status())
	r.says()
}

func TestRejoinAgent(t *testing.T) {
	r := newRig(t)
	r.answers("self", lonely)
	r.rejoin(t.Context(), r.status())
	r.attempt() // nobody is there
	r.says()
	r.beats(2)
	r.attempt() // its token is not good enough
	r.says("warning: the agent is alone: join 127.9.9.2: the Consul agent denies access: the token (CONSUL_HTTP_TOKEN, CONSUL_HTTP_TOKEN_FILE) needs the permission agent:write")
	r.srv.Deny(storetest.Op("list"))
	r.attempt()
	r.says("warning: the agent is alone, and the registry does not say whom to join: list s3://b/r/")
	r.srv.Deny(nil)
	r.answers("join", "127.9.9.2")
	r.answers("self", strings.Replace(lonely, `"members":"1"`, `"members":"2"`, 1))
	r.attempt()
	r.says("t: the agent knows no server; it has joined 127.9.9.2")
	r.answers("self", befriended)
	r.rejoin(t.Context(), r.status())
	r.says("t: the agent has found a server")

	// Others' joins are not its own doing.
	r.answers("self", lonely)
	r.rejoin(t.Context(), r.status())
	r.answers("self", befriended)
	r.rejoin(t.Context(), r.status())
	r.says()
}

// While all is well nobody is listed, nobody is joined, and nothing is said.
func TestWell(t *testing.T) {
	for _, self := range []string{led, befriended} {
		r := newRig(t)
		r.beats(2)
		r.answers("self", self)
		r.srv.Forget()
		puts := 2
		if self == befriended {
			puts = 1
		}
		for range 3 {
			r.due = time.Time{}
			if pause := r.turns(); pause < 50*time.Second {
				t.Errorf("got a pause of %v, want a tick", pause)
			}
		}
		for op, want := range map[string]int{"list": 0, "get": 3, "put": 3 * puts, "delete": 0} {
			if got := r.srv.Count(storetest.Op(op)); got != want {
				t.Errorf("got %d requests to %s in three beats, want %d", got, op, want)
			}
		}
		if got := r.agent.requests(); !slices.Equal(got, slices.Repeat([]string{"GET /v1/agent/self"}, 3)) {
			t.Errorf("got %q sent to the agent in three beats", got)
		}
		r.says()
	}
}

// One who does not answer keeps nobody else waiting, and is asked for once.
func TestJoins(t *testing.T) {
	r := newRig(t)
	r.answers("join", "127.9.9.2 127.9.9.3")
	r.answers("127.9.9.4.hang", "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 2 {
		begin := time.Now()
		got := r.joins.all(ctx, []string{"127.9.9.4", "127.9.9.3", "127.9.9.2"})
		if took := time.Since(begin); len(got) != 2 || got[0].err != nil || got[1].err != nil || took > 2*joinWait {
			t.Errorf("got %v after %v, want two joins", got, took)
		}
	}
	sent := r.agent.requests()
	slices.Sort(sent)
	const join = "PUT /v1/agent/join/127.9.9."
	if want := []string{join + "2", join + "2", join + "3", join + "3", join + "4"}; !slices.Equal(sent, want) {
		t.Errorf("got %q, want %q", sent, want)
	}
	cancel()
	for end := time.Now().Add(10 * time.Second); len(r.joins.begin([]string{"127.9.9.4"})) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the join is under way still")
		}
	}
}
