package dirstore_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"auto-consul/lib/dirstore"
	"auto-consul/lib/registry"
	"auto-consul/lib/storetest"
)

// Settings by which the test binary becomes another process on the registry.
const (
	roleVar = "DIRSTORE_TEST_ROLE"
	pathVar = "DIRSTORE_TEST_PATH"
)

func TestMain(m *testing.M) {
	role := os.Getenv(roleVar)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := child(role, os.Getenv(pathVar)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child waits for the end of standard input, so that all start together.
func child(role, path string) error {
	store, err := dirstore.Open(path)
	if err != nil {
		return err
	}
	if _, err := io.ReadAll(os.Stdin); err != nil {
		return err
	}
	switch role {
	case "increment":
		for range 25 {
			if err := storetest.Increment(context.Background(), store, "counter"); err != nil {
				return err
			}
		}
		return nil
	case "create":
		err := store.Swap(context.Background(), "cluster.json", []byte(strconv.Itoa(os.Getpid())), "")
		fmt.Println(err == nil)
		return nil
	}
	return rewrite(store)
}

// rewrite swaps one big body for another, and says so, until it is killed.
func rewrite(store registry.Store) error {
	for i := 0; ; i++ {
		o, err := store.Get(context.Background(), "cluster.json")
		if err != nil {
			return err
		}
		if err := store.Swap(context.Background(), "cluster.json", record(i), o.ETag); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

// record is a body that shows whether it is whole.
func record(i int) []byte { return bytes.Repeat([]byte{byte('a' + i%26)}, 200_000) }

// process starts this binary in a role. It runs once its input is closed.
func process(t *testing.T, role, path string) (*exec.Cmd, io.Closer, io.Reader) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVar+"="+role, pathVar+"="+path)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, in, out
}

// together runs n processes at once and returns what they print.
func together(t *testing.T, n int, role, path string) []string {
	t.Helper()
	cmds, ins, outs := make([]*exec.Cmd, n), make([]io.Closer, n), make([]io.Reader, n)
	for i := range n {
		cmds[i], ins[i], outs[i] = process(t, role, path)
	}
	for _, in := range ins {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
	var printed []string
	for i, cmd := range cmds {
		out, err := io.ReadAll(outs[i])
		if err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		printed = append(printed, strings.TrimSpace(string(out)))
	}
	return printed
}

func TestProcesses(t *testing.T) {
	t.Parallel()
	store, path := open(t)
	together(t, 4, "increment", path)
	o, err := store.Get(t.Context(), "counter")
	if err != nil || string(o.Body) != "100" {
		t.Errorf("got %s, %v, want 100 after 4 times 25 increments", o.Body, err)
	}
	for range 3 {
		won := together(t, 6, "create", path)
		slices.Sort(won)
		if want := []string{"false", "false", "false", "false", "false", "true"}; !slices.Equal(won, want) {
			t.Errorf("got %v, want one winner of one creation", won)
		}
		if err := store.Delete(t.Context(), "cluster.json"); err != nil {
			t.Fatal(err)
		}
	}
}

// A writer that is killed leaves a whole object, and its lock to the next.
func TestKilledWriter(t *testing.T) {
	t.Parallel()
	store, path := open(t)
	if err := store.Swap(t.Context(), "cluster.json", record(0), ""); err != nil {
		t.Fatal(err)
	}
	for round := range 8 {
		cmd, in, out := process(t, "rewrite", path)
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range round + 1 {
			lines.Scan()
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil || lines.Err() != nil {
			t.Errorf("got a writer that ended by itself; %v", lines.Err())
		}
		o, err := store.Get(t.Context(), "cluster.json")
		if err != nil || len(o.Body) != len(record(0)) || len(bytes.Trim(o.Body, string(o.Body[:1]))) != 0 {
			t.Fatalf("got %d bytes, %v, want a whole record", len(o.Body), err)
		}
		if err := store.Swap(t.Context(), "cluster.json", record(0), o.ETag); err != nil {
			t.Errorf("got %v, want the lock free again", err)
		}
	}
}

// TestLock shows that the lock is what keeps two writers apart: while somebody
// else has it, a write waits until its caller gives up, and changes nothing.
func TestLock(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		how   int
		waits map[string]bool
	}{
		"a swap elsewhere": {syscall.LOCK_EX, map[string]bool{"put": true, "swap": true, "delete": true}},
		"a put elsewhere":  {syscall.LOCK_SH, map[string]bool{"put": false, "swap": true, "delete": false}},
		"nobody":           {syscall.LOCK_UN, map[string]bool{"put": false, "swap": false, "delete": false}},
	} {
		for op, waits := range tt.waits {
			t.Run(name+", "+op, func(t *testing.T) {
				t.Parallel()
				store, path := open(t)
				if err := store.Put(t.Context(), "servers/x", []byte("old")); err != nil {
					t.Fatal(err)
				}
				f, err := os.OpenFile(filepath.Join(path, "servers", ".lock"), os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := f.Close(); err != nil {
						t.Error(err)
					}
				}()
				if err := syscall.Flock(int(f.Fd()), tt.how); err != nil {
					t.Fatal(err)
				}
				ctx := t.Context()
				if waits {
					short, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
					defer cancel()
					ctx = short
				}
				wantWaited(t, store, op, ops(ctx, store, "servers/x")[op](), waits)
			})
		}
	}
}

func wantWaited(t *testing.T, store registry.Store, op string, err error, waits bool) {
	t.Helper()
	switch {
	case waits:
		wantKind(t, op, err, context.DeadlineExceeded)
		o, err := store.Get(t.Context(), "servers/x") // reading takes no lock
		if err != nil || string(o.Body) != "old" {
			t.Errorf("got %q, %v, want the object unchanged", o.Body, err)
		}
	case op == "swap":
		wantKind(t, op, err, registry.ErrConflict)
	case err != nil:
		t.Errorf("%s: got %v, want no error", op, err)
	}
}
