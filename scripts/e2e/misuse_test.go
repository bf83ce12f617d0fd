package e2e

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"auto-consul/lib/scripttest"
)

// Whatever is wrong: the code says which kind it is, one line says what,
// standard output stays empty and the registry as it was.
func TestBadInput(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		m := newMachine(t, "node", s)
		members := m.run("", "ac-members", "-r", s.url).stdout
		for _, test := range []struct {
			name  string
			stdin string
			argv  []string
			code  int
		}{
			{"members without registry", "", []string{"ac-members"}, 2},
			{"members of a bad URL", "", []string{"ac-members", "-r", "http://x/y"}, 2},
			{"members of a relative path", "", []string{"ac-members", "-r", "file://x/y"}, 2},
			{"members with an unknown flag", "", []string{"ac-members", "-r", s.url, "-frob"}, 2},
			{"members with a bad role", "", []string{"ac-members", "-r", s.url, "-role", "king"}, 2},
			{"members without expiry", "", []string{"ac-members", "-r", s.url, "-e", "0"}, 2},
			{"decide on nothing", "", []string{"ac-decide", "-n", "x", "-a", m.address}, 2},
			{"decide on garbage", "{", []string{"ac-decide", "-n", "x", "-a", m.address}, 2},
			{"decide on another version", `{"version":2}`, []string{"ac-decide", "-n", "x", "-a", m.address}, 2},
			{"decide on a decision", `{"version":1,"mode":"agent","join":[]}`, []string{"ac-decide", "-n", "x", "-a", m.address}, 2},
			{"decide with a bad node", members, []string{"ac-decide", "-n", "x y", "-a", m.address}, 2},
			{"decide with a template for address", members, []string{"ac-decide", "-n", "x", "-a", "{{ GetPrivateIP }}"}, 2},
			{"decide with no servers", members, []string{"ac-decide", "-n", "x", "-a", m.address, "-s", "0"}, 2},
			{"decide on a document that is a flag", strings.Replace(members, s.url, "-registry", 1), []string{"ac-decide", "-n", "x", "-a", m.address}, 2},
			{"exec of nothing", "", []string{"ac-exec"}, 2},
			{"exec of garbage", "garbage", []string{"ac-exec"}, 2},
			{"exec of a members document", members, []string{"ac-exec"}, 2},
			{"heartbeat without registry", "", []string{"ac-heartbeat"}, 2},
			{"heartbeat with ticks above expiry", "", []string{"ac-heartbeat", "-r", s.url, "-e", "10", "-t", "11"}, 2},
			{"heartbeat with bad ticks", "", []string{"ac-heartbeat", "-r", s.url, "-t", "often"}, 2},
			{"leave of a dry run", "", []string{"auto-consul", "-r", s.url, "-dry-run", "leave"}, 2},
			{"heartbeat of a dry run", "", []string{"auto-consul", "-r", s.url, "-dry-run", "heartbeat"}, 2},
			{"data directory that is a file", "", []string{"ac-decide", "-r", s.url, "-n", "x", "-a", m.address, "-d", m.path("consul.d/fast.hcl")}, 1},
			{"data directory that cannot be made", "", []string{"ac-decide", "-r", s.url, "-n", "x", "-a", m.address, "-d", "/proc/x"}, 1},
			{"data directory below a file", "", []string{"ac-decide", "-r", s.url, "-n", "x", "-a", m.address, "-d", m.path("consul.d/fast.hcl/x")}, 1},
		} {
			t.Run(test.name, func(t *testing.T) {
				if test.code != 1 {
					test.argv = append(test.argv, dataDir(m, test.argv[0])...)
				}
				wantFailure(t, m, test.code, test.stdin, test.argv...)
			})
		}
		t.Run("bad environment", func(t *testing.T) {
			m.env = []string{"AC_EXPIRY=soon"}
			wantFailure(t, m, 2, "", "ac-members", "-r", s.url)
		})
		m.wantKeys()
		if got := m.read("data/mode"); got != "" {
			t.Errorf("got mode %q kept", got)
		}
	})
}

func dataDir(m *machine, program string) []string {
	if program == "ac-decide" || program == "ac-exec" {
		return []string{"-d", m.path("data")}
	}
	return nil
}

func wantFailure(t *testing.T, m *machine, code int, stdin string, argv ...string) {
	t.Helper()
	got := startProcess(t, m.environ(), stdin, argv...).wait()
	err := errors.Join(want("exit code", got.code, code), want("stdout", got.stdout, ""),
		want("lines on stderr", strings.Count(got.stderr, "\n"), 1), contains("stderr", got.stderr, argv[0]+": error: "))
	if err != nil {
		t.Errorf("%v: %v\nstderr: %s", argv, err, got.stderr)
	}
}

// A store that does not answer as it should is never an empty registry.
func TestStoreFailures(t *testing.T) {
	t.Parallel()
	bucket := newBucket(t)
	dead, err := scripttest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	ground := newMachine(t, "ground", store{})
	file := ground.write("file", "")
	for _, test := range []struct {
		name string
		url  string
		env  []string // after the bucket's
		code int
	}{
		{"nobody listens", bucket.url, []string{"AWS_ENDPOINT_URL_S3=http://" + dead}, 69},
		{"no such bucket", "s3://no-such-bucket/x", nil, 69},
		{"unknown key", bucket.url, []string{"AWS_ACCESS_KEY_ID=nobody"}, 77},
		{"wrong secret", bucket.url, []string{"AWS_SECRET_ACCESS_KEY=wrong"}, 77},
		{"a file in the way", "file://" + file, nil, 69},
		{"below a file", "file://" + filepath.Join(file, "registry"), nil, 69},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "node", store{url: test.url, env: append(bucket.env, test.env...)})
			fake := m.fakeConsul(": >started\n")
			wantFailure(t, m, test.code, "", "ac-members", "-r", test.url)
			wantFailure(t, m, test.code, "", "ac-decide", "-r", test.url, "-n", m.node, "-a", m.address, "-d", m.path("data"))
			if got := m.run("", m.runner("-consul", fake, "run")...); got.code != test.code || got.stdout != "" {
				t.Errorf("auto-consul: got exit code %d, stdout %q, want %d and nothing\nstderr: %s", got.code, got.stdout, test.code, got.stderr)
			}
			if exists(m.path("started")) == nil {
				t.Error("the agent was started")
			}
			if exists(m.path("data/mode")) == nil {
				t.Error("a mode was kept")
			}
		})
	}
}

// The pipe of a shell without pipefail: its last program sees an empty input,
// and says so rather than found a second cluster.
func TestPipelineOfAFailedStage(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", store{url: "s3://no-such-bucket/x", env: newBucket(t).env})
	got := m.run("", m.pipeline()...)
	if err := errors.Join(want("exit code", got.code, 2), want("stdout", got.stdout, "")); err != nil {
		t.Errorf("%v\nstderr: %s", err, got.stderr)
	}
	if exists(m.path("data/mode")) == nil || exists(m.path("data/server")) == nil {
		t.Error("a mode was kept, or an agent started")
	}
}

// What Consul would hang on, or refuse after a minute of tries.
func TestDataDirectoryThatCannotBeRunOn(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "server1", newDirectory(t))
	argv := m.runner("-t", "2", "run", "--", "-client="+m.address)
	first := m.start(argv...)
	m.awaitLeader()
	refused := func(part string) {
		t.Helper()
		got := m.run("", argv...)
		if err := errors.Join(want("code", got.code, 1), want("stdout", got.stdout, ""),
			want("errors", strings.Count(got.stderr, "error: "), 1), contains("stderr", got.stderr, part)); err != nil {
			t.Errorf("%v\nstderr: %s", err, got.stderr)
		}
	}
	refused(m.path("data") + ": an agent runs on it already; every agent needs a -data-dir of its own")
	if _, err := m.leader(); err != nil || first.ended() {
		t.Errorf("the first agent has not been left alone: %v", err)
	}
	first.signal(syscall.SIGTERM)
	first.wait()
	seen := time.Now().Add(-8 * 24 * time.Hour)
	m.write("data/server/server_metadata.json", fmt.Sprintf(`{"last_seen_unix":%d}`, seen.Unix()))
	refused("this server last ran at " + seen.UTC().Format(time.RFC3339) + ", and Consul refuses to start a server that was off for more than 168h0m0s: remove " + m.path("data/server"))
	m.write("consul.d/age.hcl", `server_rejoin_age_max = "216h"`)
	m.start(argv...)
	m.awaitLeader()
}
