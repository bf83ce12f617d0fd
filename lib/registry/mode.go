package registry

// Mode is what the Consul agent of a node runs as.
type Mode string

// Modes. A client's is written "agent", as the Ruby gem does, in files, flags and
// documents.
const (
	Server Mode = "server"
	Client Mode = "agent"
)

// Known reports whether the mode is one of the two.
func (m Mode) Known() bool { return m == Server || m == Client }

// Roles returns the folders under which a node in this mode beats.
func (m Mode) Roles() []Role {
	if m == Server {
		return []Role{Servers, Agents}
	}
	return []Role{Agents}
}
