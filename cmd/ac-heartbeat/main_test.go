package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"auto-consul/lib/scripttest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ac-heartbeat": main})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	agents := &agents{running: map[string]*agent{}}
	scripttest.Run(t, "testdata/script", map[string]scripttest.Command{"agent": agents.run, "asked": agents.asked})
}
