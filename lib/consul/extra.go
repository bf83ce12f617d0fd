package consul

import (
	"fmt"
	"strings"
)

// CheckExtra returns an error if one of some further arguments may not be given to an
// agent: one that decides its role, that this package sets itself, or that ends healthy
// agents, in any of the spellings that Consul takes. An argument that follows another
// may be its value; one that reads like a refused flag is refused there, too.
func CheckExtra(args []string) error {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return fmt.Errorf("unexpected argument %.40q: Consul's arguments begin with -", args[0])
	}
	for _, arg := range args {
		name, _, _ := flagName(arg)
		if why := refused(name); why != "" {
			return fmt.Errorf("argument -%s cannot be given to Consul here: %s", name, why)
		}
	}
	return nil
}

// refused returns why a flag of Consul's is not accepted; empty if it is.
func refused(name string) string {
	switch name {
	case "server", "bootstrap", "bootstrap-expect", "read-replica", "non-voting-server":
		return "the decision says the role"
	case "node":
		return "the decision names the node"
	case "data-dir", "bind", "advertise":
		return "the program that starts Consul has a flag for it"
	case "dev":
		return "it starts a server that keeps nothing on disk"
	case "retry-max", "retry-max-wan":
		return "it ends healthy agents"
	case "hcl":
		return "it overrides all other arguments; put the setting into a file in the configuration folder"
	}
	return ""
}

// flagName takes a flag apart as Consul does: -name, --name, each with =value or
// without. No flag at all has no name.
func flagName(arg string) (name, value string, hasValue bool) {
	if !strings.HasPrefix(arg, "-") {
		return "", "", false
	}
	arg = strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-")
	return strings.Cut(arg, "=")
}

// ConfigPaths returns the files and folders that Consul reads its configuration from,
// in its order.
func (l Launch) ConfigPaths() []string {
	var out []string
	if l.ConfigDir != "" {
		out = append(out, l.ConfigDir)
	}
	for i, arg := range l.Extra {
		name, value, hasValue := flagName(arg)
		switch {
		case name != "config-file" && name != "config-dir":
		case hasValue:
			out = append(out, value)
		case i+1 < len(l.Extra):
			out = append(out, l.Extra[i+1])
		}
	}
	return out
}
