package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"auto-consul/lib/cli"
	"auto-consul/lib/scripttest"
)

// TestMain lends the scripts a program whose patience with an agent that does not end
// they can set: a test that must see it end would otherwise take 12 s.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ac-exec": func() {
		patience, err := time.ParseDuration(os.Getenv("PATIENCE"))
		if err != nil {
			patience = leaveTime
		}
		os.Exit(run(context.Background(), os.Args[1:], cli.Std("ac-exec"), patience))
	}})
}

func TestScripts(t *testing.T) {
	scripttest.Run(t, "testdata/script", map[string]scripttest.Command{"listening": listening})
}

// listening has somebody listen at a port of an address that nobody else uses, and
// names the address in a variable: listening VARIABLE PORT.
func listening(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: listening variable port")
	}
	pid := os.Getpid()
	address := fmt.Sprintf("127.80.%d.%d", pid>>8&0xff, pid&0xff)
	l, err := net.Listen("tcp", net.JoinHostPort(address, args[1]))
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv(args[0], address)
}
