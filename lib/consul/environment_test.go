package consul

import (
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auto-consul/lib/consultest"
)

// setenv makes the settings the whole environment of Consul's client.
func setenv(t *testing.T, settings string) {
	t.Helper()
	for _, name := range []string{"HTTP_ADDR", "HTTP_TOKEN", "HTTP_TOKEN_FILE", "HTTP_SSL", "HTTP_SSL_VERIFY", "CACERT"} {
		t.Setenv("CONSUL_"+name, "")
	}
	for setting := range strings.FieldsSeq(settings) {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
}

func write(t *testing.T, files map[string]string) {
	t.Helper()
	for name, body := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNewAgent sets the environment, which all tests share: it is not parallel.
func TestNewAgent(t *testing.T) {
	guarded := consultest.New(map[string]string{"self": clientSelf})
	guarded.Token = "secret"
	plain, secure := httptest.NewServer(guarded), httptest.NewUnstartedServer(guarded)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes are meant to fail
	secure.StartTLS()
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	dir := t.TempDir()
	ca, good, bad := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "good"), filepath.Join(dir, "bad")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	write(t, map[string]string{ca: string(cert), good: "secret\n", bad: "other\n"})
	bare := strings.TrimPrefix(secure.URL, "https://")
	for _, test := range []struct {
		name string
		env  string
		made bool   // NewAgent succeeds
		want string // what Status fails with
	}{
		{"token", "CONSUL_HTTP_ADDR=" + plain.URL + " CONSUL_HTTP_TOKEN=secret", true, "none"},
		{"no token", "CONSUL_HTTP_ADDR=" + plain.URL, true, "no permission"},
		{"token file before token", "CONSUL_HTTP_ADDR=" + plain.URL + " CONSUL_HTTP_TOKEN=other CONSUL_HTTP_TOKEN_FILE=" + good, true, "none"},
		{"bad token file before token", "CONSUL_HTTP_ADDR=" + plain.URL + " CONSUL_HTTP_TOKEN=secret CONSUL_HTTP_TOKEN_FILE=" + bad, true, "no permission"},
		{"https", "CONSUL_HTTP_ADDR=" + secure.URL + " CONSUL_HTTP_TOKEN=secret CONSUL_CACERT=" + ca, true, "none"},
		{"https by variable", "CONSUL_HTTP_ADDR=" + bare + " CONSUL_HTTP_SSL=true CONSUL_HTTP_TOKEN=secret CONSUL_CACERT=" + ca, true, "none"},
		{"https not verified", "CONSUL_HTTP_ADDR=" + secure.URL + " CONSUL_HTTP_SSL_VERIFY=false CONSUL_HTTP_TOKEN=secret", true, "none"},
		{"https of a stranger", "CONSUL_HTTP_ADDR=" + secure.URL + " CONSUL_HTTP_TOKEN=secret", true, "other"},
		{"http to https", "CONSUL_HTTP_ADDR=" + bare + " CONSUL_HTTP_TOKEN=secret", true, "other"},
		{"no port", "CONSUL_HTTP_ADDR=127.0.0.1:99999", true, "other"},
		{"no such scheme", "CONSUL_HTTP_ADDR=ftp://127.0.0.1", false, ""},
		{"no token file", "CONSUL_HTTP_TOKEN_FILE=" + filepath.Join(dir, "none"), false, ""},
		{"no certificate", "CONSUL_CACERT=" + filepath.Join(dir, "none"), false, ""},
		{"no boolean", "CONSUL_HTTP_SSL=maybe", false, ""},
		{"no boolean either", "CONSUL_HTTP_SSL_VERIFY=yes", false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			setenv(t, test.env)
			a, err := NewAgent()
			if (err == nil) != test.made {
				t.Fatalf("got %v, want made: %t", err, test.made)
			}
			if err != nil {
				if failure(err) != "other" {
					t.Errorf("got %v, want neither not running nor no permission", err)
				}
				return
			}
			if _, err := a.Status(t.Context()); failure(err) != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
