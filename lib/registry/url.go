package registry

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// Location is a parsed registry URL.
type Location struct {
	Bucket string // S3: the bucket
	Prefix string // S3: the keys' prefix, without slashes at its ends; may be empty
	Path   string // directory: its absolute path; empty for S3
}

// String returns the registry's URL in its one canonical spelling, which
// [ParseLocation] reads back as the same location.
func (l Location) String() string {
	u := url.URL{Scheme: "s3", Host: l.Bucket}
	switch {
	case l.Path != "":
		u = url.URL{Scheme: "file", Path: l.Path}
	case l.Prefix != "":
		u.Path = "/" + l.Prefix
	}
	return u.String()
}

// Removal returns the beginning of the command that removes an object of the registry. The
// object's key is to be appended.
func (l Location) Removal() string {
	if l.Path != "" {
		return "rm " + l.Path + "/"
	}
	return "aws s3 rm " + l.String() + "/"
}

var bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// ParseLocation reads s3://bucket[/prefix] or file:///absolute/path.
func ParseLocation(text string) (Location, error) {
	bad := func(why string) (Location, error) {
		return Location{}, fmt.Errorf("bad registry URL %s: %s", quote(text), why)
	}
	if text == "" {
		return Location{}, fmt.Errorf("no -registry: want s3://bucket[/prefix] or file:///absolute/path")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || strings.ContainsFunc(text, isControl):
		return bad("want s3://bucket[/prefix] or file:///absolute/path")
	case strings.ContainsFunc(u.Path, isControl):
		return bad("it has a control character")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return bad("it has a query or a fragment")
	case u.User != nil:
		// Not quoted: it may well be a secret.
		return Location{}, errors.New("bad registry URL: it has a user; credentials come from the environment or the instance")
	}
	switch u.Scheme {
	case "s3":
		if !bucketName.MatchString(u.Host) {
			return bad("want s3://bucket[/prefix]")
		}
		prefix := strings.Trim(u.Path, "/")
		if prefix != "" && path.Clean("/"+prefix) != "/"+prefix {
			return bad("its prefix has empty or dot segments")
		}
		return Location{Bucket: u.Host, Prefix: prefix}, nil
	case "file":
		if u.Host != "" || !strings.HasPrefix(u.Path, "/") {
			return bad("want file:///absolute/path")
		}
		if clean := path.Clean(u.Path); clean != "/" {
			return Location{Path: clean}, nil
		}
		return bad("the root folder cannot be a registry")
	}
	return bad("want s3://bucket[/prefix] or file:///absolute/path")
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
