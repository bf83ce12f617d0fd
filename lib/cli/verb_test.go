package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/exit"
	"auto-consul/lib/wire"
)

// What all programs share must not make one of them act.
func TestVerbsElsewhere(t *testing.T) {
	for name, tt := range map[string]struct {
		env    map[string]string
		file   string
		passed string
	}{
		"environment": {env: map[string]string{"AC_LEAVE": "true"}, passed: "AC_LEAVE"},
		"bad value":   {env: map[string]string{"AC_LEAVE": "perhaps", "AC_VERSION": "1"}, passed: "AC_LEAVE, AC_VERSION"},
		"file":        {file: "until leader\nleave\n", passed: "until in the configuration file, leave in the configuration file"},
		"both": {
			env: map[string]string{"AC_UNTIL": "leader"}, file: "until voter\nversion true\n",
			passed: "AC_UNTIL, until in the configuration file, version in the configuration file",
		},
		"of another program": {env: map[string]string{"AC_RESIZE": "true"}, file: "resize true\ndry-run\n"},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			p, args := &testProgram{}, []string(nil)
			if tt.file != "" {
				args = []string{"-config-file", configFile(t, tt.file)}
			}
			r := runTest(t, p, args...)
			if r.code != 0 || p.leave || p.until != "" || !slices.Equal(p.calls, []string{"flags", "check", "run"}) {
				t.Errorf("got code %d, leave %t, until %q, calls %q; want it to run as if nothing were said", r.code, p.leave, p.until, p.calls)
			}
			var want writes
			if tt.passed != "" {
				want = writes{"ac-test: warning: passed over: " + tt.passed + "; what a program is to do is taken from the command line only\n"}
			}
			if !slices.Equal(r.err, want) {
				t.Errorf("got %q, want %q", r.err, want)
			}
		})
	}
}

// The control of the test above: the command line does make it act.
func TestVerbs(t *testing.T) {
	t.Setenv("AC_UNTIL", "leader")
	p := &testProgram{}
	r := runTest(t, p, "-until", "voter", "-leave", "-s", "3")
	if r.code != 0 || !p.leave || p.until != "voter" || p.servers != 3 {
		t.Errorf("got code %d, leave %t, until %q, %d servers, want all that was said", r.code, p.leave, p.until, p.servers)
	}
	p = &testProgram{}
	if r := runTest(t, p, "-leave=false"); r.code != 0 || p.leave {
		t.Errorf("got code %d, leave %t, want it off", r.code, p.leave)
	}
}

// -version is an answer by itself: no setting has to be there, or right.
func TestVersion(t *testing.T) {
	t.Setenv("AC_EXPIRY", "soon")
	p := &testProgram{check: exit.Withf(exit.Misuse, "no -registry"), takesRest: true}
	r := runTest(t, p, "-version", "-config-file", "/nonexistent", "--", "command")
	if r.code != 0 || len(r.out) != 1 || r.err != nil || !slices.Equal(p.calls, []string{"flags"}) {
		t.Fatalf("got code %d, %q, %q after %q, want one document", r.code, r.out, r.err, p.calls)
	}
	var got wire.Build
	decoder := json.NewDecoder(strings.NewReader(r.out[0]))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Version != wire.Version || got.Program != "ac-test" || got.Release == "" || !strings.HasPrefix(got.Go, "go1.") {
		t.Errorf("got %+v, want all of it", got)
	}
	if r := runTest(t, &testProgram{}, "-version", "-x"); r.code != int(exit.Misuse) || r.out != nil {
		t.Errorf("with an unknown flag: got code %d, %q, want %d and nothing", r.code, r.out, exit.Misuse)
	}
}
