package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// raftPeer is a server in Consul's file raft/peers.json.
type raftPeer struct {
	ID       string `json:"id"`
	Address  string `json:"address"` // host:port of Consul's server port, 8300 unless it is configured otherwise
	NonVoter bool   `json:"non_voter"`
}

// peersInfo is what Consul finds beside peers.json. It writes such a file at its first
// start, and deletes and ignores a peers.json without one.
const peersInfo = "peers.json is read once, when Consul starts, and is removed then.\n"

// MakeSoleVoter makes a server the only voter of its cluster. folder is Consul's own
// folder, see [Dir.Consul], with raft data in it; at is the address and port at which the
// server is to be found. Consul takes that over when it starts next: it keeps all that is
// in the raft data, commits what was not committed yet, and forgets all other servers.
//
// No agent may run on the folder, see [Dir.Occupy]. After a crash the call is repeated.
func MakeSoleVoter(folder string, at netip.AddrPort) error {
	id, err := NodeID(folder)
	if err != nil {
		return err
	}
	raft := filepath.Join(folder, "raft")
	if has, err := hasRaft(raft); err != nil || !has {
		return errors.Join(fmt.Errorf("%s: no raft data that a server could go on with", raft), err)
	}
	peers, err := json.Marshal([]raftPeer{{ID: id, Address: at.String()}})
	if err != nil {
		return err
	}
	// The sentinel comes first. In the other order a crash between the two would leave a
	// peers.json that Consul deletes, and the server would wait for the others for ever.
	if err := replace(filepath.Join(raft, "peers.info"), peersInfo); err != nil {
		return err
	}
	return replace(filepath.Join(raft, "peers.json"), string(peers))
}

// NodeID returns the node id that Consul keeps in its own folder. None is an error.
func NodeID(folder string) (string, error) {
	path := filepath.Join(folder, nodeIDFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(string(text))
	if len(id) != len("00000000-0000-0000-0000-000000000000") || strings.Trim(id, "0123456789abcdefABCDEF-") != "" {
		return "", fmt.Errorf("%s holds %.40q: want a node id", path, id)
	}
	return id, nil
}

// nodeIDFile is where Consul keeps its node id. It is the first file that it writes.
const nodeIDFile = "node-id"
