package wire_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"auto-consul/lib/wire"
)

func readMembers(r io.Reader) error {
	_, err := wire.ReadMembers(r)
	return err
}

func readDecision(r io.Reader) error {
	_, err := wire.ReadDecision(r)
	return err
}

// What no reader takes.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       string // in the error
	}{
		{"empty", "", wire.ErrEmpty.Error()},
		{"blank", " \n\t\n", wire.ErrEmpty.Error()},
		{"garbage", "no such file", "not one JSON document"},
		{"half", membersText[:80], "not one JSON document"},
		{"two", membersText + "\n" + membersText, "not one JSON document"},
		{"rest", membersText + "}", "not one JSON document"},
		{"list", "[" + membersText + "]", "not one JSON document"},
		{"null", "null", "version is missing"},
		{"no version", `{"mode":"agent","servers":[]}`, "version is missing"},
		{"null version", `{"version":null}`, "version is missing"},
		{"version as text", `{"version":"1"}`, "not one JSON document"},
		{"earlier version", `{"version":0}`, "version 0"},
		{"later version", `{"version":2,"servers":{"changed":"shape"},"join":{}}`, "version 2"},
		{"wrong shapes", `{"version":1,"servers":"none","mode":1}`, "malformed"},
		{"bad time", `{"version":1,"time":"today","decided_at":"today"}`, "malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for name, read := range map[string]func(io.Reader) error{"members": readMembers, "decision": readDecision} {
				err := read(strings.NewReader(tt.text))
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s: got %v, want an error with %q", name, err, tt.want)
				}
				if empty := strings.TrimSpace(tt.text) == ""; errors.Is(err, wire.ErrEmpty) != empty {
					t.Errorf("%s: got %v, want it to be %q: %t", name, err, wire.ErrEmpty, empty)
				}
			}
		})
	}
}

func TestReadMembersRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, now, want string }{
		{"a decision", membersText, decisionText, "not an ac-members document"},
		{"no servers", `"servers":[`, `"other":[`, "servers or agents"},
		{"null agents", `"agents":[]`, `"agents":null`, "servers or agents"},
		{"no registry", `"registry":"s3://my-bucket/consul"`, `"registry":""`, "registry"},
		{"no time", `"time":"2026-11-23T01:16:10Z",`, ``, "time"},
		{"no expiry", `"expiry_seconds":120`, `"expiry_seconds":0`, "expiry_seconds"},
		{"negative expiry", `"expiry_seconds":120`, `"expiry_seconds":-1`, "expiry_seconds"},
		{"endless expiry", `"expiry_seconds":120`, `"expiry_seconds":9223372037`, "expiry_seconds"},
		{"fraction", `"expiry_seconds":120`, `"expiry_seconds":1.5`, "malformed"},
	}
	for _, tt := range tests {
		wantRefused(t, tt.name, readMembers, membersText, tt.old, tt.now, tt.want)
	}
}

func TestReadDecisionRefuses(t *testing.T) {
	t.Parallel()
	const agent = `"mode":"agent","bootstrap":false,"bootstrap_expect":`
	tests := []struct{ name, old, now, want string }{
		{"members", decisionText, membersText, "not an ac-decide document"},
		{"a kept mode", decisionText, `{"version":1,"mode":"server","data_dir":"/d"}`, "join"},
		{"no mode", `"mode":"server",`, ``, "mode"},
		{"other mode", `"mode":"server"`, `"mode":"Server"`, `"Server"`},
		{"null join", `"join":[]`, `"join":null`, "join"},
		{"agent that bootstraps", `"mode":"server"`, `"mode":"agent"`, "a client cannot bootstrap"},
		{"agent that expects", `"mode":"server","bootstrap":true,"bootstrap_expect":0`, agent + "3", "a client cannot bootstrap"},
		{"both births", `"bootstrap_expect":0`, `"bootstrap_expect":3`, "exclude each other"},
		{"negative", `"bootstrap":true,"bootstrap_expect":0`, `"bootstrap":false,"bootstrap_expect":-1`, "negative"},
	}
	for _, tt := range tests {
		wantRefused(t, tt.name, readDecision, decisionText, tt.old, tt.now, tt.want)
	}
}

// wantRefused changes one thing in a good document.
func wantRefused(t *testing.T, name string, read func(io.Reader) error, good, old, now, want string) {
	t.Helper()
	if strings.Count(good, old) != 1 {
		t.Fatalf("%s: %q is not once in the document", name, old)
	}
	err := read(strings.NewReader(strings.Replace(good, old, now, 1)))
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got %v, want an error with %q", name, err, want)
	}
}

func TestReadFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, read := range map[string]func(io.Reader) error{"members": readMembers, "decision": readDecision} {
		// Broken after a complete document: it may have been cut short.
		err := read(io.MultiReader(strings.NewReader(membersText), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) || errors.Is(err, wire.ErrEmpty) {
			t.Errorf("%s: got %v, want %v", name, err, broken)
		}
	}
}

func FuzzReadMembers(f *testing.F) {
	for _, seed := range []string{membersText, withKey(membersText, clusterText), decisionText, "", "null", `{"version":1,"servers":[],"agents":[]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := wire.ReadMembers(strings.NewReader(text))
		if err != nil {
			return
		}
		if m.Version != wire.Version || m.Registry == "" || m.Servers == nil || m.Agents == nil ||
			time.Duration(m.ExpirySeconds)*time.Second <= 0 || m.Time.IsZero() {
			t.Errorf("%q was accepted as %+v", text, m)
		}
		again, err := wire.ReadMembers(strings.NewReader(encode(t, m)))
		if got, want := encode(t, again), encode(t, m); err != nil || got != want {
			t.Errorf("read again: got %s, %v, want %s", got, err, want)
		}
	})
}

func FuzzReadDecision(f *testing.F) {
	for _, seed := range []string{decisionText, plainText, membersText, "", "null", `{"version":1,"mode":"agent"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := wire.ReadDecision(strings.NewReader(text))
		if err != nil {
			return
		}
		births := d.Bootstrap || d.BootstrapExpect != 0
		if d.Version != wire.Version || d.Join == nil || d.BootstrapExpect < 0 ||
			d.Bootstrap && d.BootstrapExpect != 0 ||
			d.Mode != wire.Server && (d.Mode != wire.Agent || births) {
			t.Errorf("%q was accepted as %+v", text, d)
		}
		again, err := wire.ReadDecision(strings.NewReader(encode(t, d)))
		if got, want := encode(t, again), encode(t, d); err != nil || got != want {
			t.Errorf("read again: got %s, %v, want %s", got, err, want)
		}
	})
}

func encode(t *testing.T, doc any) string {
	t.Helper()
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
