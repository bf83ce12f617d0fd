package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// maxDocument bounds what is read of a document: ten times the largest
// registry's listing that the programs are measured with.
const maxDocument = 256 << 20

// maxSeconds is the longest [time.Duration].
const maxSeconds = int64(math.MaxInt64 / time.Second)

// ErrEmpty reports that there was no document at all: the program before this one in
// the pipe has failed, and its message is on standard error.
var ErrEmpty = errors.New("standard input is empty: the program before this one printed no document")

// ReadMembers reads exactly one [Members] document.
func ReadMembers(r io.Reader) (Members, error) {
	var m Members
	err := read(r, &m)
	switch {
	case err != nil:
	case m.Servers == nil || m.Agents == nil:
		err = errors.New("not an ac-members document: servers or agents is missing")
	case m.Registry == "":
		err = errors.New("not an ac-members document: registry is missing")
	case m.ExpirySeconds <= 0 || m.Time.IsZero():
		err = errors.New("not an ac-members document: expiry_seconds or time is missing")
	case m.ExpirySeconds > maxSeconds:
		err = fmt.Errorf("bad ac-members document: expiry_seconds is %d", m.ExpirySeconds)
	}
	return m, err
}

// ReadDecision reads exactly one [Decision] document.
func ReadDecision(r io.Reader) (Decision, error) {
	var d Decision
	err := read(r, &d)
	switch {
	case err != nil:
	case d.Mode != Server && d.Mode != Agent:
		err = fmt.Errorf("not an ac-decide document: mode is %q, not server or agent", d.Mode)
	case d.Mode == Agent && (d.Bootstrap || d.BootstrapExpect != 0):
		err = errors.New("bad decision: a client cannot bootstrap")
	case d.Bootstrap && d.BootstrapExpect != 0:
		err = errors.New("bad decision: bootstrap and bootstrap_expect exclude each other")
	case d.Restore != "" && !d.Bootstrap:
		err = errors.New("bad decision: only a server that bootstraps can restore")
	case d.BootstrapExpect < 0:
		err = errors.New("bad decision: bootstrap_expect is negative")
	case d.Join == nil:
		err = errors.New("not an ac-decide document: join is missing")
	}
	return d, err
}

func read(r io.Reader, doc any) error {
	data, err := readAll(r, maxDocument)
	switch {
	case err != nil:
		return err
	case len(bytes.TrimSpace(data)) == 0:
		return ErrEmpty
	}
	// The version first: a later version may change what a key holds.
	var v struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("standard input is not one JSON document: %w", err)
	}
	switch {
	case v.Version == nil:
		return errors.New("standard input is not a document of these programs: version is missing")
	case *v.Version != Version:
		return fmt.Errorf("standard input has version %d, and this program reads version %d", *v.Version, Version)
	}
	if err := json.Unmarshal(data, doc); err != nil {
		return fmt.Errorf("standard input is malformed: %w", err)
	}
	return nil
}

// readAll reads everything; more than so many bytes are an error.
func readAll(r io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read standard input: %w", err)
	case int64(len(data)) > most:
		return nil, errors.New("standard input is too large to be a document")
	}
	return data, nil
}
