package consul

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl"
)

// File is one configuration file.
type File struct {
	Name string // ends in .hcl or .json, which says how to read it
	Body []byte
}

// Contradictions returns a line for each setting of a configuration file that is not
// what the agent is started with, in a fixed order. The arguments win over all of them
// but retry_max. A file that cannot be parsed is an error; Consul will refuse it in its
// own words.
func Contradictions(l Launch, f File) ([]string, error) {
	settings, err := decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	var out []string
	for _, said := range l.said() {
		for _, v := range values(settings, said.key) {
			if text := fmt.Sprint(v); !said.same(text) {
				out = append(out, fmt.Sprintf("%s says %s = %s, and %s %s", f.Name, said.key, show(v), said.by, said.value))
			}
		}
	}
	for _, key := range []string{"retry_max", "retry_max_wan"} {
		for _, v := range values(settings, key) {
			if fmt.Sprint(v) != "0" {
				out = append(out, fmt.Sprintf("%s says %s = %s: Consul ends if it has joined nobody after so many tries", f.Name, key, show(v)))
			}
		}
	}
	return out, nil
}

// rejoinAgeMax is Consul's default of server_rejoin_age_max.
const rejoinAgeMax = 7 * 24 * time.Hour

// RejoinAgeMax returns for how long a server may have been off before Consul refuses to
// start it: what the configuration files say, or else Consul's default. A value that
// Consul would refuse is left to it.
func RejoinAgeMax(files []File) time.Duration {
	most := rejoinAgeMax
	for _, f := range files {
		settings, err := decode(f)
		if err != nil {
			continue
		}
		for _, v := range values(settings, "server_rejoin_age_max") {
			if age, err := time.ParseDuration(fmt.Sprint(v)); err == nil {
				most = age
			}
		}
	}
	return most
}

// saying is a setting that the arguments hold.
type saying struct{ key, value, by string }

func (l Launch) said() []saying {
	const decision, arguments = "the decision says", "the arguments say"
	return []saying{
		{"server", strconv.FormatBool(l.Server), decision},
		{"bootstrap", strconv.FormatBool(l.Bootstrap), decision},
		{"bootstrap_expect", strconv.Itoa(l.BootstrapExpect), decision},
		{"node_name", l.Node, decision},
		{"bind_addr", l.Bind, arguments},
		{"advertise_addr", l.Advertise, arguments},
		{"data_dir", l.DataDir, arguments},
	}
}

func (s saying) same(text string) bool {
	switch s.key {
	case "bind_addr", "advertise_addr":
		return canonical(text) == canonical(s.value)
	case "data_dir":
		return filepath.Clean(text) == filepath.Clean(s.value)
	}
	return text == s.value
}

// decode parses a file as Consul does.
func decode(f File) (map[string]any, error) {
	var settings map[string]any
	var err error
	switch {
	case len(f.Body) == 0:
	case strings.HasSuffix(f.Name, ".json"):
		err = json.Unmarshal(f.Body, &settings)
	default:
		err = hcl.Decode(&settings, string(f.Body))
	}
	return settings, err
}

// values returns the plain values of a key. Consul takes keys in any case, and a list
// of one value for the value; it refuses anything else.
func values(settings map[string]any, key string) []any {
	var out []any
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if !strings.EqualFold(name, key) {
			continue
		}
		v := settings[name]
		if list, ok := v.([]any); ok && len(list) == 1 {
			v = list[0]
		}
		switch v.(type) {
		case bool, int, float64, string:
			out = append(out, v)
		}
	}
	return out
}

// show returns a value as a configuration file would have it, at a bearable length.
func show(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%.80q", s)
	}
	return fmt.Sprint(v)
}

// ReadConfig reads the configuration files among some files and folders as
// Consul does: in a folder those that end in .hcl or .json, by name, not in
// folders below it, symbolic links followed.
func ReadConfig(paths []string) ([]File, error) {
	var out []File
	for _, path := range paths {
		names := []string{path}
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if info.IsDir() {
			if names, err = configFiles(path); err != nil {
				return nil, err
			}
		}
		for _, name := range names {
			body, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			out = append(out, File{name, body})
		}
	}
	return out, nil
}

func configFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		// Consul looks at the name that a link leads to.
		if real, err := filepath.EvalSymlinks(name); err == nil && e.Type()&os.ModeSymlink != 0 {
			name = real
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if ext := filepath.Ext(name); !info.IsDir() && (ext == ".hcl" || ext == ".json") {
			out = append(out, name)
		}
	}
	return out, nil
}
