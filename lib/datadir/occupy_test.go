package datadir

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// occupies is the variable with the data directory that this test program, started again,
// is to keep others away from until its input ends.
const occupies = "TEST_OCCUPIES"

// The process that keeps others away from a data directory is known, for as long as it
// lives.
func TestOccupant(t *testing.T) {
	if dir := os.Getenv(occupies); dir != "" {
		if err := Dir(dir).Occupy(0, func() {}); err != nil {
			t.Fatal(err)
		}
		fmt.Println("occupied")
		_, _ = os.Stdin.Read(make([]byte, 1)) // it ends with its parent
		return
	}
	t.Parallel()
	d := Dir(t.TempDir())
	want := func(when string, want int) {
		t.Helper()
		if got, err := d.Occupant(); got != want || err != nil {
			t.Errorf("%s: got process %d, %v, want %d", when, got, err, want)
		}
	}
	want("before anything is there", 0)
	cmd := exec.Command(os.Args[0], "-test.run=^TestOccupant$")
	cmd.Env = append(os.Environ(), occupies+"="+string(d))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if text, err := bufio.NewReader(out).ReadString('\n'); text != "occupied\n" {
		t.Fatalf("got %q, %v", text, err)
	}
	want("while it is occupied", cmd.Process.Pid)
	if err := d.Occupy(time.Millisecond, func() {}); err == nil {
		t.Error("it is occupied twice")
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	want("after its end", 0)
}
