package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"auto-consul/lib/registry"
)

// metadataFile is the file in which a Consul server notes when it last ran.
const metadataFile = "server_metadata.json"

// LastSeen returns when Consul last ran here as a server, by the machine's clock;
// zero if Consul has not written that down. The file is Consul's own.
func (d Dir) LastSeen() (time.Time, error) {
	file := filepath.Join(string(registry.Server), metadataFile)
	text, err := d.read(file)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	var seen struct {
		Unix int64 `json:"last_seen_unix"`
	}
	if err := json.Unmarshal([]byte(text), &seen); err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", d.path(file), err)
	}
	if seen.Unix == 0 {
		return time.Time{}, nil
	}
	return time.Unix(seen.Unix, 0), nil
}

// CheckAge returns an error, with the way out, for a server that was off for too long.
// Consul would refuse to start it, after a minute of tries. Like Consul it judges by
// the machine's clock. It does not judge a node that goes on in its client's folder, see
// [Dir.TakeRole].
func (d Dir) CheckAge(most time.Duration) error {
	if from, err := d.lastRole(registry.Server); err != nil || from != registry.Server {
		return err
	}
	seen, err := d.LastSeen()
	if err != nil || seen.IsZero() || time.Since(seen) <= most {
		return err
	}
	return fmt.Errorf("this server last ran at %s, and Consul refuses to start a server that was off for more than %v: remove %s and it joins the cluster as a new one; or, if no other server has its data, set server_rejoin_age_max in a file of the -config-dir",
		seen.UTC().Format(time.RFC3339), most, d.Consul(registry.Server))
}

// CheckWritable returns an error if files cannot be made in a folder of Consul's own
// data. It makes the folder where that is missing. Consul would take longer to fail,
// and say less.
func CheckWritable(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	probe, err := os.CreateTemp(folder, ".ac-exec-*")
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	return nil
}
