package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/exit"
)

func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ac.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Not parallel: the environment is the process's own.
func TestPrecedence(t *testing.T) {
	tests := []struct {
		name string
		args []string
		env  string // of AC_REGISTRY
		file string
		want string
	}{
		{"nothing", nil, "", "", ""},
		{"file", nil, "", "registry s3://file\n", "s3://file"},
		{"environment over file", nil, "s3://env", "registry s3://file\n", "s3://env"},
		{"empty environment is unset", nil, "", "registry s3://file\n", "s3://file"},
		{"flag over both", []string{"-registry", "s3://flag"}, "s3://env", "registry s3://file\n", "s3://flag"},
		{"alias over both", []string{"-r", "s3://flag"}, "s3://env", "registry s3://file\n", "s3://flag"},
		{"two dashes and an equals sign", []string{"--registry=s3://flag"}, "s3://env", "", "s3://flag"},
		{"last one counts", []string{"-r", "s3://a", "-registry", "s3://b"}, "", "", "s3://b"},
		{"last one counts, alias", []string{"-registry", "s3://b", "-r", "s3://a"}, "", "", "s3://a"},
		{"given as empty", []string{"-r", ""}, "s3://env", "registry s3://file\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("AC_REGISTRY", tt.env)
			p, args := &testProgram{}, tt.args
			if tt.file != "" {
				args = append([]string{"-config-file", configFile(t, tt.file)}, args...)
			}
			if r := runTest(t, p, args...); r.code != 0 {
				t.Fatalf("got code %d, %q", r.code, r.err)
			}
			if p.url != tt.want {
				t.Errorf("got %q, want %q", p.url, tt.want)
			}
		})
	}
}

func TestConfigFileFromEnvironment(t *testing.T) {
	t.Setenv("AC_CONFIG_FILE", configFile(t, "expiry 2m\n"))
	p := &testProgram{}
	if r := runTest(t, p); r.code != 0 || p.expiry != 2*time.Minute {
		t.Errorf("got code %d, expiry %v, want 0 and 2m", r.code, p.expiry)
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	p := &testProgram{}
	r := runTest(t, p, "-r", "s3://b", "-n", "n1", "-a", "192.0.2.1", "-b", "192.0.2.2",
		"-d", "/d", "-c", "/c", "-e", "60", "-t", "20", "-s", "3")
	if r.code != 0 {
		t.Fatalf("got code %d, %q", r.code, r.err)
	}
	want := testProgram{
		url: "s3://b", node: "n1", where: Announcement{Address: "192.0.2.1", Bind: "192.0.2.2"},
		dir: "/d", config: "/c", expiry: time.Minute, ticks: 20 * time.Second, servers: 3,
		timeout: 30 * time.Second, purge: true,
	}
	p.calls = nil
	if got := *p; !equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func equal(a, b testProgram) bool {
	return a.url == b.url && a.node == b.node && a.where == b.where && a.dir == b.dir &&
		a.config == b.config && a.expiry == b.expiry && a.ticks == b.ticks &&
		a.servers == b.servers && a.timeout == b.timeout && a.purge == b.purge
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	p := &testProgram{}
	if r := runTest(t, p); r.code != 0 {
		t.Fatalf("got code %d, %q", r.code, r.err)
	}
	want := testProgram{
		dir: "/tmp/consul/state", expiry: 2 * time.Minute, servers: 1,
		timeout: 30 * time.Second, purge: true,
	}
	if !equal(*p, want) {
		t.Errorf("got %+v, want %+v", *p, want)
	}
}

func TestBool(t *testing.T) {
	tests := []struct {
		name string
		args []string
		env  string
		want bool
	}{
		{"default", nil, "", true},
		{"alone", []string{"-purge"}, "false", true},
		{"said", []string{"-purge=false"}, "", false},
		{"environment", nil, "false", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("AC_PURGE", tt.env)
			p := &testProgram{}
			if r := runTest(t, p, tt.args...); r.code != 0 || p.purge != tt.want {
				t.Errorf("got %t, code %d, want %t", p.purge, r.code, tt.want)
			}
		})
	}
}

func TestRest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		want []string
	}{
		{"none", nil, nil},
		{"one", []string{"s3://b"}, []string{"s3://b"}},
		{"after a flag", []string{"-n", "a", "s3://b"}, []string{"s3://b"}},
		{"flags end at the first", []string{"s3://b", "-n", "a"}, []string{"s3://b", "-n", "a"}},
		{"after two dashes", []string{"--", "-ui", "--", "-x"}, []string{"-ui", "--", "-x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := &testProgram{takesRest: true}
			if r := runTest(t, p, tt.args...); r.code != 0 || !slices.Equal(p.rest, tt.want) {
				t.Errorf("got %q, code %d, want %q", p.rest, r.code, tt.want)
			}
		})
	}
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		file string
		want string // in the error
	}{
		{name: "unknown flag", args: []string{"-colour"}, want: "error: unknown flag -colour\n"},
		{name: "no value", args: []string{"-registry"}, want: "error: no value for -registry\n"},
		{name: "argument", args: []string{"s3://b"}, want: `"s3://b"`},
		{name: "argument after two dashes", args: []string{"--", "-n"}, want: `"-n"`},
		{name: "number", args: []string{"-s", "three"}, want: `error: bad -servers "three": want a number`},
		{name: "bool", args: []string{"-purge=perhaps"}, want: `error: bad -purge "perhaps": want true or false`},
		{name: "duration", args: []string{"-e", "a\nb"}, want: `error: bad -expiry "a\nb": want seconds (120) or a duration (2m)`},
		{name: "verb", args: []string{"-leave=perhaps"}, want: `error: bad -leave "perhaps": want true or false`},
		{name: "no such file", args: []string{"-config-file", "/nonexistent/ac.conf"}, want: "/nonexistent/ac.conf"},
		{name: "folder", args: []string{"-config-file", "/"}, want: "directory"},
		{name: "unknown setting", file: "colour red\n", want: `error: unknown setting "colour" in the configuration file`},
		{name: "alias in a file", file: "r s3://b\n", want: `"r"`},
		{name: "bad value in a file", file: "expiry soon\n", want: "error: bad expiry in the configuration file: want seconds"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, args := &testProgram{}, tt.args
			if tt.file != "" {
				args = []string{"-config-file", configFile(t, tt.file)}
			}
			wantError(t, runTest(t, p, args...), exit.Misuse, tt.want)
			if slices.Contains(p.calls, "run") {
				t.Error("it ran")
			}
		})
	}
}

func TestBadEnvironment(t *testing.T) {
	for name, tt := range map[string]struct{ value, want string }{
		"AC_EXPIRY":      {"soon", "error: bad AC_EXPIRY: want seconds (120) or a duration (2m)\n"},
		"AC_SERVERS":     {"three", "error: bad AC_SERVERS: want a number\n"},
		"AC_PURGE":       {"perhaps", "error: bad AC_PURGE: want true or false\n"},
		"AC_CONFIG_FILE": {"/nonexistent", "error: open /nonexistent: no such file or directory\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, tt.value)
			wantError(t, runTest(t, &testProgram{}), exit.Misuse, tt.want)
		})
	}
}

func TestConfigFileOfAllPrograms(t *testing.T) {
	t.Parallel()
	p := &testProgram{}
	text := "# of all programs\n\nmode server\nwatch 10\nexpiry 60\nsample 100\nlost-cluster wait\neligible true\ngrace 10m\n"
	if r := runTest(t, p, "-config-file", configFile(t, text)); r.code != 0 || p.expiry != time.Minute {
		t.Errorf("got code %d, expiry %v, %q; want 0 and 1m", r.code, p.expiry, r.err)
	}
}

// wantError checks the code, that standard error has one line with a part, and that
// standard output has nothing.
func wantError(t *testing.T, got result, code exit.Code, part string) {
	t.Helper()
	if got.code != int(code) || got.out != nil {
		t.Errorf("got code %d, output %q, want %d and none", got.code, got.out, code)
	}
	if len(got.err) != 1 || strings.Count(got.err[0], "\n") != 1 ||
		!strings.HasPrefix(got.err[0], "ac-test: error: ") || !strings.Contains(got.err[0], part) {
		t.Errorf("got %q, want one line of an error with %q", got.err, part)
	}
}
