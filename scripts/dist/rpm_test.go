package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The tags of a package's header that say what is in it.
const (
	tagVersion  = 1001
	tagRelease  = 1002
	tagModes    = 1030
	tagFlags    = 1037
	tagUser     = 1039
	tagGroup    = 1040
	tagDirIndex = 1116
	tagBase     = 1117
	tagDir      = 1118
)

// The flags of files in it: settings, settings that an upgrade keeps, a licence.
const (
	isConfig    = 1 << 0
	isNoReplace = 1 << 4
	isLicense   = 1 << 7
)

// TestRPM reads the header by itself, for rpm is not where the tests are run.
func TestRPM(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(dist(t), rpm))
	if err != nil {
		t.Fatal(err)
	}
	h, err := readHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	if got := h.strings(tagVersion)[0] + "-" + h.strings(tagRelease)[0]; got != "1.2.0-1" {
		t.Errorf("got version %s", got)
	}
	got, flags := listed{}, map[string]uint32{}
	bases, dirs, users, groups := h.strings(tagBase), h.strings(tagDir), h.strings(tagUser), h.strings(tagGroup)
	for n, base := range bases {
		path := dirs[h.number(tagDirIndex, n)] + base
		mode := h.number(tagModes, n)
		if mode>>12 != 8 { // a folder
			continue
		}
		got[path] = fmt.Sprintf("%v %s/%s", fs.FileMode(mode&0o777), users[n], groups[n])
		if f := h.number(tagFlags, n); f != 0 {
			flags[path] = f
		}
	}
	const env, license = "/etc/auto-consul.env", "/usr/share/licenses/auto-consul/LICENSE"
	expect(t, got, "/usr/", "site-functions", listed{
		env: "-rw-r--r-- root/root", license: "-rw-r--r-- root/root",
		"/usr/share/doc/auto-consul/examples/user-data": "-rw-r--r-- root/root",
	})
	if len(flags) != 2 || flags[env] != isConfig|isNoReplace || flags[license] != isLicense {
		t.Errorf("got flags %v, want settings that are kept and a licence", flags)
	}
}

// header is that of a package: https://rpm.org/docs/latest/manual/format_header.html.
type header struct {
	entries map[uint32][4]uint32 // by tag: tag, type, offset, count
	store   []byte
}

// readHeader reads the second header, behind that of the signature.
func readHeader(data []byte) (header, error) {
	const lead, intro, entry = 96, 16, 16
	var h header
	at := lead
	for range 2 {
		at = (at + 7) &^ 7
		if len(data) < at+intro || binary.BigEndian.Uint32(data[at:]) != 0x8eade801 {
			return h, errors.New("there is no header")
		}
		count := int(binary.BigEndian.Uint32(data[at+8:]))
		size := int(binary.BigEndian.Uint32(data[at+12:]))
		at += intro
		if len(data) < at+count*entry+size {
			return h, errors.New("the header is cut off")
		}
		h.entries = map[uint32][4]uint32{}
		for n := range count {
			var e [4]uint32
			for k := range e {
				e[k] = binary.BigEndian.Uint32(data[at+n*entry+4*k:])
			}
			h.entries[e[0]] = e
		}
		at += count * entry
		h.store = data[at : at+size]
		at += size
	}
	return h, nil
}

// strings returns the values of a tag, one at least.
func (h header) strings(tag uint32) []string {
	e := h.entries[tag]
	parts := strings.SplitN(string(h.store[e[2]:]), "\x00", int(e[3])+1)
	return parts[:max(1, len(parts)-1)]
}

// number returns one value of a tag, of 16 or of 32 bits.
func (h header) number(tag uint32, n int) uint32 {
	e := h.entries[tag]
	if e[1] == 3 {
		return uint32(binary.BigEndian.Uint16(h.store[int(e[2])+2*n:]))
	}
	return binary.BigEndian.Uint32(h.store[int(e[2])+4*n:])
}
