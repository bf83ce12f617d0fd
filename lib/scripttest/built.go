package scripttest

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Bin is the folder of the built programs, and Tools that of the servers which
// they are tested with. Both are for tests two folders below the project's.
func Bin() string {
	dir, err := filepath.Abs("../../bin")
	if err != nil {
		panic(err) // there is no working directory
	}
	return dir
}

// Tools is the folder of consul and versitygw.
func Tools() string { return filepath.Join(Bin(), "tools") }

// RunBuilt runs the tests of a package that need what has been built, and returns the
// exit code. Where that is missing it names on out the command that builds it. With
// -short the tests are left out, which go test shows as [no tests to run].
func RunBuilt(m *testing.M, target string, out io.Writer) int {
	if testing.Short() {
		fmt.Fprintf(out, "left out because of -short; \"make %s\" runs it\n", target)
		if err := flag.Set("test.run", "^$"); err != nil {
			panic(err) // every test has the flag
		}
		return m.Run()
	}
	var missing []string
	for _, name := range []string{"ac-members", "ac-decide", "ac-exec", "ac-heartbeat", "ac-run", "auto-consul", "tools/consul", "tools/versitygw"} {
		if _, err := os.Stat(filepath.Join(Bin(), name)); err != nil {
			missing = append(missing, "bin/"+name)
		}
	}
	if missing != nil {
		fmt.Fprintf(out, "there is no %s: run \"make build tools\" first\n", strings.Join(missing, ", "))
		return 1
	}
	return m.Run()
}

// Environ is the whole environment of a program whose home is dir, and more.
func Environ(dir string, more ...string) []string {
	return append([]string{
		"PATH=" + Bin() + ":" + Tools() + ":/usr/bin:/bin", "HOME=" + dir, "TMPDIR=" + dir,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
	}, more...)
}
