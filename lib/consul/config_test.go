package consul

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// contradictionTest is a launch, a file and what is said of the two.
type contradictionTest struct {
	name   string
	launch Launch
	file   string
	body   string
	want   []string
}

func (c contradictionTest) run(t *testing.T) {
	t.Parallel()
	got, err := Contradictions(c.launch, File{c.file, []byte(c.body)})
	if err != nil || !slices.Equal(got, c.want) {
		t.Errorf("got  %q, %v\nwant %q", got, err, c.want)
	}
}

func TestContradictions(t *testing.T) {
	t.Parallel()
	agent := launch(func(l *Launch) { l.Server = false })
	quorum := launch(func(l *Launch) { l.BootstrapExpect = 3 })
	for _, test := range []contradictionTest{
		{"empty", agent, "a.hcl", "", nil},
		{"nothing of ours", agent, "a.hcl", "performance { raft_multiplier = 1 }\nretry_join = [\"10.0.0.9\"]", nil},
		{
			"agent", agent, "d/a.hcl", "server = true\nbootstrap = true\nbootstrap_expect = 3",
			[]string{
				"d/a.hcl says server = true, and the decision says false",
				"d/a.hcl says bootstrap = true, and the decision says false",
				"d/a.hcl says bootstrap_expect = 3, and the decision says 0",
			},
		},
		{"the same in other words", quorum, "a.hcl", "server = true\nbootstrap_expect = 3\nbind_addr = \"0.0.0.0\"\ndata_dir = \"/data/server/\"", nil},
		{
			"another number", quorum, "a.hcl", "bootstrap_expect = 5",
			[]string{"a.hcl says bootstrap_expect = 5, and the decision says 3"},
		},
		{
			"names and addresses", agent, "a.json",
			`{"node_name":"other","bind_addr":"10.0.0.7","advertise_addr":"{{ GetPrivateIP }}","data_dir":"/x"}`,
			[]string{
				`a.json says node_name = "other", and the decision says server1`,
				`a.json says bind_addr = "10.0.0.7", and the arguments say 0.0.0.0`,
				`a.json says advertise_addr = "{{ GetPrivateIP }}", and the arguments say 10.0.0.1`,
				`a.json says data_dir = "/x", and the arguments say /data/server`,
			},
		},
		{
			"retry_max", agent, "a.hcl", "retry_max = 3\nretry_max_wan = 0",
			[]string{"a.hcl says retry_max = 3: Consul ends if it has joined nobody after so many tries"},
		},
	} {
		t.Run(test.name, test.run)
	}
}

// TestContradictionsSpelling checks that files are read as Consul reads them.
func TestContradictionsSpelling(t *testing.T) {
	t.Parallel()
	agent := launch(func(l *Launch) { l.Server = false })
	for _, test := range []contradictionTest{
		{
			"one address spelled twice", launch(func(l *Launch) { l.Advertise = "2001:db8::1" }), "a.json",
			`{"advertise_addr":"2001:DB8:0::1"}`, nil,
		},
		{
			"keys in any case", agent, "a.hcl", "Server = true\nBOOTSTRAP = false",
			[]string{"a.hcl says server = true, and the decision says false"},
		},
		{
			"lists of one", agent, "a.json", `{"server":[true],"bootstrap_expect":[3]}`,
			[]string{
				"a.json says server = true, and the decision says false",
				"a.json says bootstrap_expect = 3, and the decision says 0",
			},
		},
		{
			"the last of two counts", agent, "a.hcl", "server = true\nserver = false", nil,
		},
		{"what Consul refuses", agent, "a.json", `{"server":{"a":1},"bootstrap":[true,true],"bootstrap_expect":null}`, nil},
		{
			"JSON in a file for HCL", agent, "a.hcl", `{"server": true}`,
			[]string{"a.hcl says server = true, and the decision says false"},
		},
		{
			"not at top level", agent, "a.hcl", "ports { server = 8300 }\nconfig_entries { bootstrap = [] }", nil,
		},
		{
			"text of any length", agent, "a.hcl", `node_name = "` + strings.Repeat("x", 500) + `"`,
			[]string{`a.hcl says node_name = "` + strings.Repeat("x", 80) + `", and the decision says server1`},
		},
	} {
		t.Run(test.name, test.run)
	}
}

func TestContradictionsUnreadable(t *testing.T) {
	t.Parallel()
	for _, f := range []File{
		{"a.hcl", []byte(`server = [`)},
		{"a.json", []byte(`server = true`)},
		{"a.json", []byte(`[]`)},
		{"a.json", []byte(`{} x`)},
	} {
		got, err := Contradictions(launch(nil), f)
		if err == nil || !strings.HasPrefix(err.Error(), f.Name+": ") {
			t.Errorf("%s %q: got %q, %v; want an error that names the file", f.Name, f.Body, got, err)
		}
	}
}

func TestReadConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, map[string]string{
		dir + "/d/b.json":          "{}",
		dir + "/d/a.hcl":           "# a",
		dir + "/d/c.hcl.bak":       "# no",
		dir + "/d/below/d.hcl":     "# no",
		dir + "/d/below.hcl/e.hcl": "# no",
		dir + "/real/x.hcl":        "# x",
		dir + "/real/plain":        "# no",
	})
	for link, to := range map[string]string{"d/z": "real/x.hcl", "d/y.hcl": "real/plain"} {
		if err := os.Symlink(filepath.Join(dir, to), filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := ReadConfig([]string{filepath.Join(dir, "d"), filepath.Join(dir, "d/c.hcl.bak")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		name, err := filepath.Rel(dir, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, name+" "+string(f.Body))
	}
	want := []string{"d/a.hcl # a", "d/b.json {}", "real/x.hcl # x", "d/c.hcl.bak # no"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := ReadConfig([]string{filepath.Join(dir, "none")}); err == nil {
		t.Error("a folder that is not there: got no error")
	}
	if files, err := ReadConfig(nil); files != nil || err != nil {
		t.Errorf("nothing to read: got %v, %v", files, err)
	}
}

// FuzzContradictions checks that a file is read or refused whatever it holds, and that
// one that is read twice says the same twice.
func FuzzContradictions(f *testing.F) {
	f.Add("a.hcl", []byte("server = true"))
	f.Add("a.hcl", []byte("server \"a\" { b = [1, 2] }\nBootstrap = [true]"))
	f.Add("a.hcl", []byte("node_name = <<EOF\nx\nEOF\n"))
	f.Add("a.json", []byte(`{"bootstrap_expect": 1e400, "server": [[true]]}`))
	f.Add("b.json", []byte(`{"bootstrap_expect": 3.0, "retry_max": "x"}`))
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		l := launch(nil)
		first, err := Contradictions(l, File{name, body})
		if err != nil && first != nil {
			t.Errorf("got %q beside the error %v", first, err)
		}
		second, _ := Contradictions(l, File{name, body})
		if !slices.Equal(first, second) {
			t.Errorf("got %q, then %q", first, second)
		}
		for _, line := range first {
			if !strings.HasPrefix(line, name+" says ") {
				t.Errorf("got %q, want it to begin with the file's name", line)
			}
		}
	})
}
