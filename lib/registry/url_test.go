package registry_test

import (
	"strings"
	"testing"

	"auto-consul/lib/registry"
)

var locations = []struct {
	text string
	want registry.Location
	url  string // canonical
}{
	{"s3://b", registry.Location{Bucket: "b"}, "s3://b"},
	{"s3://b/", registry.Location{Bucket: "b"}, "s3://b"},
	{"S3://My-Bucket.1/p", registry.Location{Bucket: "My-Bucket.1", Prefix: "p"}, "s3://My-Bucket.1/p"},
	{"s3://b/consul/test-cluster/", registry.Location{Bucket: "b", Prefix: "consul/test-cluster"}, "s3://b/consul/test-cluster"},
	{"s3://b//p//", registry.Location{Bucket: "b", Prefix: "p"}, "s3://b/p"},
	{"s3://b/a b", registry.Location{Bucket: "b", Prefix: "a b"}, "s3://b/a%20b"},
	{"s3://b/a%25b", registry.Location{Bucket: "b", Prefix: "a%b"}, "s3://b/a%25b"},
	{"s3://b/%2520", registry.Location{Bucket: "b", Prefix: "%20"}, "s3://b/%2520"},
	{"s3://b/a%3Fb%23", registry.Location{Bucket: "b", Prefix: "a?b#"}, "s3://b/a%3Fb%23"},
	{"s3://b/ü", registry.Location{Bucket: "b", Prefix: "ü"}, "s3://b/%C3%BC"},
	{"s3://b/..a", registry.Location{Bucket: "b", Prefix: "..a"}, "s3://b/..a"},
	{"file:///r", registry.Location{Path: "/r"}, "file:///r"},
	{"file:/r", registry.Location{Path: "/r"}, "file:///r"},
	{"file:///var/lib//r/./x/..", registry.Location{Path: "/var/lib/r"}, "file:///var/lib/r"},
	{"file:///a b/100%25", registry.Location{Path: "/a b/100%"}, "file:///a%20b/100%25"},
}

func TestParseLocation(t *testing.T) {
	t.Parallel()
	for _, tt := range locations {
		got, err := registry.ParseLocation(tt.text)
		if err != nil || got != tt.want {
			t.Errorf("%s: got %+v, %v, want %+v", tt.text, got, err, tt.want)
		}
		if got := tt.want.String(); got != tt.url {
			t.Errorf("%s: got %s, want %s", tt.text, got, tt.url)
		}
	}
}

var badLocations = []struct{ text, want string }{
	{"", "no -registry"},
	{"b/p", "want s3://"},
	{"/r", "want s3://"},
	{"b", "want s3://"},
	{"http://b/p", "want s3://"},
	{"s3:b/p", "want s3://"},
	{"s3://", "want s3://"},
	{"s3:///p", "want s3://"},
	{"s3://b:80/p", "want s3://"},
	{"s3://b:/p", "want s3://"},
	{"s3://[::1]/p", "want s3://"},
	{"s3://%C3%BC/p", "want s3://"},
	{"s3://.b/p", "want s3://"},
	{"s3://b/%zz", "want s3://"},
	{"s3://b/p\n", "want s3://"},
	{"s3://b/p%0A", "control character"},
	{"file:///r%00", "control character"},
	{"s3://b/a//b", "empty or dot segments"},
	{"s3://b/a/../b", "empty or dot segments"},
	{"s3://b/..", "empty or dot segments"},
	{"s3://b/../c", "empty or dot segments"},
	{"s3://b/.", "empty or dot segments"},
	{"s3://b/./a", "empty or dot segments"},
	{"s3://b/p?region=x", "query or a fragment"},
	{"s3://b/p?", "query or a fragment"},
	{"s3://b/p#f", "query or a fragment"},
	{"s3://key:secret@b/p", "credentials come from"},
	{"file://host/r", "want file:///"},
	{"file:r", "want file:///"},
	{"file://", "want file:///"},
	{"file:///", "root folder"},
	{"file:///..", "root folder"},
}

func TestParseLocationRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range badLocations {
		got, err := registry.ParseLocation(tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) || got != (registry.Location{}) {
			t.Errorf("%q: got %+v, %v, want an error with %q", tt.text, got, err, tt.want)
		}
	}
}

func FuzzParseLocation(f *testing.F) {
	for _, tt := range locations {
		f.Add(tt.text)
	}
	for _, tt := range badLocations {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := registry.ParseLocation(text)
		if err != nil {
			return
		}
		if (at.Bucket == "") == (at.Path == "") || strings.HasPrefix(at.Prefix, "/") || strings.HasSuffix(at.Prefix, "/") {
			t.Errorf("%q was accepted as %+v", text, at)
		}
		again, err := registry.ParseLocation(at.String())
		if err != nil || again != at {
			t.Errorf("%q is %+v, whose URL %s is %+v, %v", text, at, at, again, err)
		}
	})
}
