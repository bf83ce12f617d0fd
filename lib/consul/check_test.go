package consul

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// listen takes a free port of the loopback address.
func listen(t *testing.T) (port int, free func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free = func() { _ = l.Close() }
	t.Cleanup(free)
	return l.Addr().(*net.TCPAddr).Port, free
}

// inHCL returns a configuration file.
func inHCL(format string, args ...any) []File {
	return []File{{"a.hcl", []byte(fmt.Sprintf(format, args...))}}
}

func TestCheckPorts(t *testing.T) {
	t.Parallel()
	taken, _ := listen(t)
	open, free := listen(t)
	free()
	good := fmt.Sprintf("ports { server = %d, serf_wan = -1 }", open)
	for name, tt := range map[string]struct {
		files []File
		extra []string
		want  string // in the error
	}{
		"free, and none":        {files: inHCL("%s", good)},
		"none of either":        {files: inHCL("ports { server = -1, serf_wan = -1 }")},
		"taken, of a file":      {files: inHCL("ports { server = %d, serf_wan = -1 }", taken), want: fmt.Sprintf("port %d (server)", taken)},
		"any case":              {files: inHCL("PORTS { Server = %d, SERF_WAN = -1 }", taken), want: "(server)"},
		"of JSON":               {files: []File{{"a.json", []byte(fmt.Sprintf(`{"ports":{"server":%d,"serf_wan":-1}}`, taken))}}, want: "(server)"},
		"the other of a file":   {files: inHCL("ports { server = -1, serf_wan = %d }", taken), want: "(serf_wan)"},
		"the last file counts":  {files: append(inHCL("ports { server = %d }", taken), inHCL("%s", good)...)},
		"arguments first":       {files: inHCL("%s", good), extra: []string{"-server-port", fmt.Sprint(taken)}, want: "(server)"},
		"arguments with =":      {files: inHCL("%s", good), extra: []string{fmt.Sprintf("--server-port=%d", taken)}, want: "(server)"},
		"arguments free":        {files: inHCL("ports { server = %d, serf_wan = %d }", taken, taken), extra: []string{"-server-port=-1", "-serf-wan-port=-1"}},
		"bound elsewhere":       {files: inHCL("serf_wan = \"192.0.2.1\"\nports { server = -1, serf_wan = %d }", taken)},
		"bound by an argument":  {files: inHCL("ports { server = -1, serf_wan = %d }", taken), extra: []string{"-serf-wan-bind=192.0.2.1"}},
		"a file that is broken": {files: append(inHCL("%s", good), inHCL("ports {")...)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := Launch{Bind: "127.0.0.1", Extra: tt.extra}
			err := CheckPorts(t.Context(), l, tt.files, 0)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got %v, want none", err)
			case tt.want != "" && (!errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q to be in use", err, tt.want)
			}
		})
	}
}

// Consul's own ports count where nothing says others. The addresses are nobody else's.
func TestCheckPortsDefaults(t *testing.T) {
	t.Parallel()
	pid := os.Getpid()
	for n, port := range []string{"8300", "8302"} {
		bind := fmt.Sprintf("127.79.%d.%d", pid>>8&0x3f|n<<6, pid&0xff)
		if err := CheckPorts(t.Context(), Launch{Bind: bind}, nil, 0); err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", net.JoinHostPort(bind, port))
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckPorts(t.Context(), Launch{Bind: bind}, nil, 0); err == nil || !strings.Contains(err.Error(), "port "+port) {
			t.Errorf("got %v, want port %s taken", err, port)
		}
		_ = l.Close()
	}
}

// An agent that is about to end has its time.
func TestCheckPortsPatience(t *testing.T) {
	t.Parallel()
	port, free := listen(t)
	files := inHCL("ports { server = %d, serf_wan = -1 }", port)
	l := Launch{Bind: "127.0.0.1"}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("told to end")
	cancel(why)
	if err := CheckPorts(ctx, l, files, time.Minute); !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
	time.AfterFunc(50*time.Millisecond, free)
	if err := CheckPorts(t.Context(), l, files, time.Minute); err != nil {
		t.Errorf("got %v, want it to wait", err)
	}
}

func TestCheckFiles(t *testing.T) {
	t.Parallel()
	good := []File{{"a.hcl", []byte("server = true")}, {"b.json", []byte(`{"server":true}`)}, {"c.json", nil}}
	if err := CheckFiles(good); err != nil {
		t.Errorf("got %v, want none", err)
	}
	err := CheckFiles(append(good, File{"d.hcl", []byte("server = [")}, File{"e.json", []byte("server = true")}))
	if err == nil || !strings.Contains(err.Error(), "d.hcl: ") || !strings.Contains(err.Error(), "e.json: ") {
		t.Errorf("got %v, want both that are broken", err)
	}
}

func TestCheckCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	there, none := filepath.Join(dir, "there.pem"), filepath.Join(dir, "none.pem")
	write(t, map[string]string{there: "a certificate"})
	for name, tt := range map[string]struct {
		name, text string
		want       string // in the error
	}{
		"nothing":             {"a.hcl", "server = true", ""},
		"there":               {"a.hcl", `tls { internal_rpc { ca_file = "THERE", cert_file = "THERE", key_file = "THERE" } }`, ""},
		"a folder":            {"a.hcl", `tls { defaults { ca_path = "` + dir + `" } }`, ""},
		"empty":               {"a.hcl", `tls { defaults { ca_file = "" } }`, ""},
		"another setting":     {"a.hcl", `log_file = "NONE"`, ""},
		"defaults":            {"a.hcl", `tls { defaults { ca_file = "NONE" } }`, "says ca_file"},
		"internal_rpc":        {"a.hcl", `tls { internal_rpc { ca_file = "THERE", cert_file = "NONE" } }`, "says cert_file"},
		"https":               {"a.hcl", `tls { https { key_file = "NONE" } }`, "says key_file"},
		"grpc":                {"a.hcl", `tls { grpc { ca_path = "NONE" } }`, "says ca_path"},
		"two blocks":          {"a.hcl", "tls { defaults { ca_file = \"THERE\" } }\ntls { https { key_file = \"NONE\" } }", "says key_file"},
		"on top":              {"a.hcl", `ca_file = "NONE"`, "says ca_file"},
		"any case":            {"a.hcl", `TLS { Defaults { CA_File = "NONE" } }`, "says ca_file"},
		"JSON":                {"a.json", `{"tls":{"internal_rpc":{"cert_file":"NONE"}}}`, "says cert_file"},
		"JSON, there":         {"a.json", `{"tls":{"internal_rpc":{"cert_file":"THERE"}}}`, ""},
		"JSON, lists":         {"a.json", `{"tls":[{"internal_rpc":[{"cert_file":"NONE"}]}]}`, "says cert_file"},
		"JSON, on top":        {"a.json", `{"key_file":"NONE"}`, "says key_file"},
		"broken, Consul's":    {"a.hcl", `tls {`, ""},
		"no text, Consul's":   {"a.hcl", `ca_file = 3`, ""},
		"no block, Consul's":  {"a.hcl", `tls = "NONE"`, ""},
		"no blocks, Consul's": {"a.json", `{"tls":[3]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.NewReplacer("THERE", there, "NONE", none).Replace(tt.text)
			err := CheckCertificates([]File{{tt.name, []byte(text)}})
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got %v, want none", err)
			case tt.want != "" && (!errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), tt.name+" "+tt.want)):
				t.Errorf("got %v, want %q missing", err, tt.want)
			}
		})
	}
}
