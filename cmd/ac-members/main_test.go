package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"auto-consul/lib/scripttest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ac-members": main})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	scripttest.Run(t, "testdata/script", nil)
}
