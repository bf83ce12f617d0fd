package datadir_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A data directory keeps whom to join while the store is away, and that the next decision
// may do without the store (R58).
func TestOffline(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	if got, err := d.Addresses(); err != nil || len(got) > 0 {
		t.Errorf("got %q, %v of a new folder, want none", got, err)
	}
	want := []string{"192.0.2.1", "2001:db8::1", "server3.example"}
	if err := d.KeepAddresses(want); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Addresses(); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for _, allowed := range []bool{false, true, true, false, false} {
		if err := d.KeepOffline(allowed); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Offline(); err != nil || got != allowed {
			t.Errorf("got %v, %v, want %v", got, err, allowed)
		}
	}
	if got := files(t, d); !slices.Equal(got, []string{"addresses"}) {
		t.Errorf("got files %q, want addresses alone", got)
	}
}

// Nothing but addresses reaches an argument list of Consul's.
func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"{{ GetPrivateIP }}", "192.0.2.1\n-server", "provider=aws"} {
		d := newDir(t)
		if err := os.MkdirAll(d.String(), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d.String(), "addresses"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Addresses(); err == nil || !strings.Contains(err.Error(), "addresses: bad address") {
			t.Errorf("got %q, %v of %q, want it refused", got, err, text)
		}
	}
}
