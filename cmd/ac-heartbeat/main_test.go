package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"auto-consul/lib/consultest"
	"auto-consul/lib/scripttest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ac-heartbeat": main})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	scripttest.Run(t, "testdata/script", consultest.Commands())
}
