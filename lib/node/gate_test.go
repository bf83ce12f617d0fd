package node

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/rule"
)

// gateTest is a gate that opens, or does not within ten seconds, and what was told.
type gateTest struct {
	name string
	gate Gate
	so   func(b *beating)
	err  string // of a gate that stays closed; empty if it opens
	said []string
}

var gateTests = []gateTest{
	{name: "a server with a leader", gate: Joined},
	{name: "a server with others and no leader", gate: Joined, so: func(b *beating) { b.status.Leader = "" }},
	{name: "a server of one with a leader", gate: Joined, so: func(b *beating) { b.status.Members = 1 }},
	{name: "a client with a server", gate: Joined, so: func(b *beating) { b.status = client() }},
	{
		name: "a server alone", gate: Joined, so: func(b *beating) { b.status = blank() },
		err: "not joined in 10s: the agent is alone", said: []string{"waiting until joined (10s at most): the agent is alone"},
	},
	{
		name: "a client alone", gate: Joined, so: func(b *beating) { b.status = Status{Node: "s1", Members: 1} },
		err: "not joined in 10s: the agent is alone", said: []string{"waiting until joined (10s at most): the agent is alone"},
	},

	{name: "a server with a leader", gate: Leader},
	{name: "a server with one that does not vote yet", gate: Leader, so: func(b *beating) { b.status.LogIndex = 0 }},
	{name: "a client that hears of one", gate: Leader, so: func(b *beating) { b.status = client(); b.leaders = []string{"192.0.2.2:8300"} }},
	{
		name: "none", gate: Leader, so: func(b *beating) { b.status.Leader = "" },
		err: "not leader in 10s: there is no leader", said: []string{"waiting until leader (10s at most): there is no leader"},
	},

	{name: "a voter", gate: Voter},
	{name: "a client that hears of a leader", gate: Voter, so: func(b *beating) { b.status = client(); b.leaders = []string{"192.0.2.2:8300"} }},
	{
		name: "a server that does not vote yet", gate: Voter, so: func(b *beating) { b.status.LogIndex = 0 },
		err: "not voter in 10s: s1 is not a voter yet", said: []string{"waiting until voter (10s at most): s1 is not a voter yet"},
	},
	{
		name: "nobody says who votes", gate: Voter, so: func(b *beating) { b.peersErr = errors.New("no answer") },
		err: "not voter in 10s: no answer", said: []string{"waiting until voter (10s at most): no answer"},
	},

	{
		name: "an agent that does not run", gate: Joined, so: func(b *beating) { b.absent = ErrNotRunning },
		err: "not joined in 10s: the Consul agent is not running", said: []string{"waiting until joined (10s at most): the Consul agent is not running"},
	},
	{
		name: "one that hangs", gate: Joined, so: func(b *beating) { b.absent = ErrNoAnswer },
		err: "not joined in 10s: the Consul agent does not answer", said: []string{"waiting until joined (10s at most): the Consul agent does not answer"},
	},
	{name: "one that hangs until the time is up", gate: Joined, so: func(b *beating) { b.mute = true }, err: "not joined in 10s: the Consul agent did not answer"},
}

func TestUntil(t *testing.T) {
	t.Parallel()
	for _, tt := range gateTests {
		t.Run(string(tt.gate)+", "+tt.name, func(t *testing.T) {
			t.Parallel()
			lifetime(t, led(), func(t *testing.T, b *beating) { tt.run(t, b) })
		})
	}
}

func (tt gateTest) run(t *testing.T, b *beating) {
	b.record(rule.Established, nil)
	if tt.so != nil {
		tt.so(b)
	}
	begin := time.Now()
	err := b.Until(t.Context(), tt.gate, 10*time.Second)
	beats, took := 1, time.Duration(0)
	if tt.err != "" {
		beats, took = 0, 10*time.Second
	}
	if tt.err == "" && err != nil || tt.err != "" && (!errors.Is(err, rule.ErrUndecided) || err.Error() != tt.err) {
		t.Errorf("got %v, want %q", err, tt.err)
	}
	if got := time.Since(begin); got != took {
		t.Errorf("took %v, want %v", got, took)
	}
	b.wantSent("put", "agents/", beats)
	if len(b.printed) != beats {
		t.Errorf("got %d documents, want %d", len(b.printed), beats)
	}
	b.says(tt.said...)
}

// An agent that starts within two seconds is waited for without a word, and a gate that
// opens while it is waited for is one beat. What is missing is told again where it is
// something else.
func TestUntilItComes(t *testing.T) {
	t.Parallel()
	for start, first := range map[time.Duration][]string{
		1600 * time.Millisecond: nil,
		3 * time.Second:         {"waiting until leader (1m0s at most): the Consul agent is not running"},
	} {
		lifetime(t, led(), func(t *testing.T, b *beating) {
			b.record(rule.Established, nil)
			b.absent, b.status.Leader = ErrNotRunning, ""
			begin := time.Now()
			time.AfterFunc(start, func() { b.set(func() { b.absent = nil }) })
			time.AfterFunc(start+2*time.Second, func() { b.set(func() { b.status = led() }) })
			if err := b.Until(t.Context(), Leader, time.Minute); err != nil {
				t.Error(err)
			}
			if took := time.Since(begin); took < start+2*time.Second || took > start+2*time.Second+agentPause {
				t.Errorf("took %v, want it as soon as there is a leader, after %v", took, start+2*time.Second)
			}
			b.says(append(first, "waiting until leader (1m0s at most): there is no leader")...)
			b.wantSent("put", "servers/", 1)
		})
	}
}

// A token that may not ask ends the wait at once, and so does a caller who gives up: that
// is no answer of the gate's.
func TestUntilEndsEarly(t *testing.T) {
	t.Parallel()
	lifetime(t, blank(), func(t *testing.T, b *beating) {
		begin := time.Now()
		b.absent = ErrNoPermission
		if err := b.Until(t.Context(), Joined, time.Minute); !errors.Is(err, ErrNoPermission) || time.Since(begin) > 0 {
			t.Errorf("got %v after %v, want %v at once", err, time.Since(begin), ErrNoPermission)
		}
		b.absent = nil
		why := errors.New("told to end")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(why) })
		if err := b.Until(ctx, Joined, time.Minute); !errors.Is(err, why) || errors.Is(err, rule.ErrUndecided) || time.Since(begin) != time.Second {
			t.Errorf("got %v after %v, want %v after a second", err, time.Since(begin), why)
		}
		b.wantSent("put", "", 0)
	})
}

// A token that the agent does not know yet is waited for: a server that has just been
// started again knows none before its raft data has caught up.
func TestUntilTheTokenIsKnown(t *testing.T) {
	t.Parallel()
	lifetime(t, led(), func(t *testing.T, b *beating) {
		b.record(rule.Established, nil)
		b.absent = ErrUnknownToken
		begin := time.Now()
		if err := b.Until(t.Context(), Leader, time.Second); !errors.Is(err, rule.ErrUndecided) || errors.Is(err, ErrNoPermission) {
			t.Errorf("got %v, want %v", err, rule.ErrUndecided)
		}
		time.AfterFunc(3*time.Second, func() { b.set(func() { b.absent = nil }) })
		if err := b.Until(t.Context(), Leader, time.Minute); err != nil || time.Since(begin) < 4*time.Second {
			t.Errorf("got %v after %v, want a beat as soon as the token is known", err, time.Since(begin))
		}
		b.says("waiting until leader (1s at most): "+ErrUnknownToken.Error(),
			"waiting until leader (1m0s at most): "+ErrUnknownToken.Error())
		b.wantSent("put", "servers/", 1)
	})
}

// However short the wait is, the agent is asked once.
func TestUntilWithoutAWait(t *testing.T) {
	t.Parallel()
	for leader, want := range map[string]string{"192.0.2.2:8300": "", "": "there is no leader"} {
		lifetime(t, led(), func(t *testing.T, b *beating) {
			b.record(rule.Established, nil)
			b.status.Leader = leader
			begin := time.Now()
			err := b.Until(t.Context(), Leader, 0)
			if want == "" && err != nil || want != "" && (!errors.Is(err, rule.ErrUndecided) || !strings.Contains(err.Error(), want)) {
				t.Errorf("got %v, want %q", err, want)
			}
			if took := time.Since(begin); took > agentPause {
				t.Errorf("took %v, want %v at most", took, agentPause)
			}
		})
	}
}
