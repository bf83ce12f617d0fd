package cli

import (
	"os"
	"strings"
	"testing"
)

func TestAnnounced(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a    Announcement
		want string
	}{
		{Announcement{}, ""},
		{Announcement{Address: "192.0.2.1"}, "192.0.2.1"},
		{Announcement{Address: "192.0.2.1", Advertise: "192.0.2.2", Bind: "192.0.2.3"}, "192.0.2.2"},
		{Announcement{Address: "192.0.2.1", Bind: "192.0.2.3"}, "192.0.2.1"},
		{Announcement{Bind: "192.0.2.3"}, "192.0.2.3"},
		{Announcement{Bind: "0.0.0.0"}, ""},
		{Announcement{Bind: "::"}, ""},
		{Announcement{Bind: "node.example"}, "node.example"},
	}
	for _, tt := range tests {
		if got := tt.a.Announced(); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.a, got, tt.want)
		}
	}
}

func TestShortHostName(t *testing.T) {
	t.Parallel()
	full, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	got := ShortHostName()
	if got == "" || strings.Contains(got, ".") || !strings.HasPrefix(full+".", got+".") {
		t.Errorf("got %q of %q, want it up to its first dot", got, full)
	}
}

func TestStd(t *testing.T) {
	t.Parallel()
	want := Streams{"ac-test", os.Stdin, os.Stdout, os.Stderr}
	if got := Std("ac-test"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
