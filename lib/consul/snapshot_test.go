package consul

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"

	"auto-consul/lib/consultest"
	"auto-consul/lib/node"
)

// archive returns a snapshot of index 4711.
func archive(t testing.TB, state string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := consultest.WriteSnapshot(&b, 4711, strings.NewReader(state), int64(len(state))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pack returns an archive of files, each a name and a text.
func pack(t testing.TB, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	w := tar.NewWriter(zip)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f[0], Mode: 0o600, Size: int64(len(f[1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sumOfX is the checksum of a file that holds an x.
const sumOfX = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

func TestCheckSnapshot(t *testing.T) {
	t.Parallel()
	whole := archive(t, strings.Repeat("state ", 100_000))
	if index, err := CheckSnapshot(bytes.NewReader(whole)); index != 4711 || err != nil {
		t.Errorf("got index %d, %v, want 4711", index, err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	sums := sumOfX + "  meta.json\n" + sumOfX + "  state.bin\n"
	for name, tt := range map[string]struct {
		snapshot []byte
		want     string
	}{
		"nothing":           {nil, "cannot be read: EOF"},
		"a page":            {[]byte("<html>please sign in</html>"), "cannot be read: gzip: invalid header"},
		"cut short":         {whole[:len(whole)-1], "cannot be read: unexpected EOF"},
		"half":              {whole[:len(whole)/2], "cannot be read: unexpected EOF"},
		"a bit":             {flipped, ""},
		"more behind it":    {append(bytes.Clone(whole), "more"...), "cannot be read: "},
		"no archive":        {pack(t), "damaged: meta.json is missing"},
		"no state":          {pack(t, [2]string{"meta.json", "x"}, [2]string{"SHA256SUMS", sums}), "damaged: state.bin is missing"},
		"no checksums":      {pack(t, [2]string{"meta.json", "x"}, [2]string{"state.bin", "x"}), "damaged: meta.json is not what SHA256SUMS says"},
		"another checksum":  {pack(t, [2]string{"meta.json", "x"}, [2]string{"state.bin", "y"}, [2]string{"SHA256SUMS", sums}), "damaged: state.bin is not what SHA256SUMS says"},
		"no index":          {pack(t, [2]string{"meta.json", "x"}, [2]string{"state.bin", "x"}, [2]string{"SHA256SUMS", sums}), "damaged: meta.json says no index"},
		"another file":      {pack(t, [2]string{"/etc/passwd", "x"}), `it holds "/etc/passwd"`},
		"twice":             {pack(t, [2]string{"meta.json", "x"}, [2]string{"meta.json", "x"}), "there twice"},
		"a meta.json of MB": {pack(t, [2]string{"meta.json", strings.Repeat("x", maxSnapshotText+1)}), "too long"},
	} {
		index, err := CheckSnapshot(bytes.NewReader(tt.snapshot))
		if err == nil || index != 0 || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got index %d, %v, want an error that says %q", name, index, err, tt.want)
		}
	}
}

func FuzzCheckSnapshot(f *testing.F) {
	f.Add(archive(f, "state"))
	f.Add(pack(f, [2]string{"meta.json", "x"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if index, err := CheckSnapshot(bytes.NewReader(data)); (err == nil) != (index > 0) {
			t.Errorf("got index %d, %v", index, err)
		}
	})
}

// The leader is asked, for a state that is not stale, and what it answers is checked on
// its way (R54).
func TestSnapshot(t *testing.T) {
	t.Parallel()
	whole := archive(t, "state")
	a, fake := asking(t, map[string]string{"snapshot": string(whole)})
	var got bytes.Buffer
	if index, err := a.Snapshot(t.Context(), &got); index != 4711 || err != nil || !bytes.Equal(got.Bytes(), whole) {
		t.Errorf("got index %d, %d bytes, %v, want 4711 and %d", index, got.Len(), err, len(whole))
	}
	if n := fake.Count("GET /v1/snapshot"); n != 1 {
		t.Errorf("got %d requests, want 1 and not a stale one: %q", n, fake.Requests())
	}
	_, err := a.Snapshot(t.Context(), noSpace{})
	if err == nil || err.Error() != "take a snapshot: disk full" {
		t.Errorf("got %v", err)
	}
	for name, answers := range map[string]map[string]string{
		"needs the permission acl:write":               nil,
		"the Consul agent answered 500: No cluster le": {"snapshot.500": "No cluster leader"},
		"cannot be read: unexpected EOF":               {"snapshot": string(whole[:9])},
	} {
		a, _ := asking(t, answers)
		if index, err := a.Snapshot(t.Context(), io.Discard); err == nil || index != 0 || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got index %d, %v, want %q", index, err, name)
		} else if denied := errors.Is(err, node.ErrNoPermission); denied != (answers == nil) {
			t.Errorf("%v: denied %t", err, denied)
		}
	}
}

type noSpace struct{}

func (noSpace) Write([]byte) (int, error) { return 0, errors.New("disk full") }
