package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"auto-consul/lib/scripttest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ac-decide": main})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	scripttest.Run(t, "testdata/script", map[string]scripttest.Command{"answering": answering})
}

// answering has somebody listen where Consul would, at a loopback address that is
// no one else's, and names the address in a variable: answering SOMEBODY.
func answering(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: answering variable")
	}
	pid := os.Getpid()
	address := fmt.Sprintf("127.78.%d.%d", pid>>8&0xff, pid&0xff)
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "8301"))
	if errors.Is(err, syscall.EADDRINUSE) {
		err = nil // whoever listens at all addresses answers as well
	} else if err == nil {
		ts.Defer(func() { _ = listener.Close() })
	}
	ts.Check(err)
	ts.Setenv(args[0], address)
}
