package cli

import (
	"runtime"
	"runtime/debug"

	"auto-consul/lib/wire"
)

// What scripts/dist has the linker say: the version of the packages that the program is
// in, the commit, and "true" if the tree differed from it.
var release, revision, modified string

// newBuild returns what -version prints: what the program was built from. A release
// is that of its package, or the tag that was built; elsewhere Go derives a version from
// the commit, and says "(devel)" where it knows none.
func newBuild(program string) wire.Build {
	if release != "" {
		return wire.Build{
			Version: wire.Version, Program: program, Release: release,
			Revision: revision, Modified: modified == "true", Go: runtime.Version(),
		}
	}
	b := wire.Build{Version: wire.Version, Program: program, Release: "(devel)", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Release = info.Main.Version
	}
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			b.Revision = setting.Value
		case setting.Key == "vcs.modified" && setting.Value == "true":
			b.Modified = true
		}
	}
	return b
}
