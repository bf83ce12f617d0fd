package consul

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// loader is one whose Consul is a script.
func loader(t *testing.T, script string) Loader {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "consul")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return Loader{Consul: program, Folder: filepath.Join(dir, "consul-data"), Node: "n1", Datacenter: "ams"}
}

// The Consul that loads a snapshot is alone: it listens on loopback, and its API is a file
// in a folder that nobody else can read (R55).
func TestLoaderIsAlone(t *testing.T) {
	t.Parallel()
	l := loader(t, "exit 0")
	text, err := l.config()
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Bind       string            `json:"bind_addr"`
		Client     string            `json:"client_addr"`
		Data       string            `json:"data_dir"`
		Node       string            `json:"node_name"`
		Datacenter string            `json:"datacenter"`
		Addresses  map[string]string `json:"addresses"`
		Ports      map[string]int    `json:"ports"`
		Join       []string          `json:"retry_join"`
		Bootstrap  bool              `json:"bootstrap"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	if config.Bind != loopback || config.Client != loopback || config.Addresses["http"] != "unix://http.sock" || config.Join != nil {
		t.Errorf("got %+v, want it alone", config)
	}
	if config.Data != l.Folder || config.Node != "n1" || config.Datacenter != "ams" || !config.Bootstrap {
		t.Errorf("got %+v, want the node's own", config)
	}
	for _, name := range []string{"serf_wan", "https", "dns", "grpc", "grpc_tls"} {
		if config.Ports[name] != -1 {
			t.Errorf("got port %d of %s, want none", config.Ports[name], name)
		}
	}
	if a, b := config.Ports["server"], config.Ports["serf_lan"]; a <= 0 || b <= 0 || a == b || a == 8300 {
		t.Errorf("got ports %d and %d, want two of its own", a, b)
	}
}

// A Consul that ends says why, and one that is not wanted any more is ended.
func TestLoaderEnds(t *testing.T) {
	t.Parallel()
	_, err := loader(t, "echo first; echo 'the last line' >&2; exit 3").Load(t.Context(), "none")
	if err == nil || !strings.Contains(err.Error(), "has ended: exit status 3: the last line") {
		t.Errorf("got %v, want its last line", err)
	}
	told := errors.New("overtaken")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(told) })
	if _, err := loader(t, "exec sleep 1000").Load(ctx, "none"); !errors.Is(err, told) {
		t.Errorf("got %v, want %v", err, told)
	}
	if _, err := (Loader{Consul: filepath.Join(t.TempDir(), "none"), Folder: filepath.Join(t.TempDir(), "d")}).Load(t.Context(), "none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want no such program", err)
	}
}

// Where servers find this one is what it announces, at its server port.
func TestServerAt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ advertise, config, want string }{
		{"10.0.0.1", "", "10.0.0.1:8300"},
		{"2001:db8::1", "ports { server = 9300 }", "[2001:db8::1]:9300"},
		{"10.0.0.1", "ports { server = -1 }", "10.0.0.1:8300"},
		{"nowhere", "", ""},
	} {
		got, err := Launch{Advertise: tt.advertise}.ServerAt([]File{{Name: "a.hcl", Body: []byte(tt.config)}})
		if tt.want == "" && err != nil {
			continue
		}
		if err != nil || got.String() != tt.want {
			t.Errorf("%s with %q: got %v, %v, want %s", tt.advertise, tt.config, got, err, tt.want)
		}
	}
	if got := (Launch{Extra: []string{"-datacenter", "ams"}}).Datacenter(nil); got != "ams" {
		t.Errorf("got datacenter %q", got)
	}
}
