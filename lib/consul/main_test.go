package consul

import (
	"os"
	"strings"
	"testing"
)

// TestMain takes away the environment that Consul's client would read.
func TestMain(m *testing.M) {
	for _, setting := range os.Environ() {
		if name, _, _ := strings.Cut(setting, "="); strings.HasPrefix(name, "CONSUL_") {
			_ = os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}
