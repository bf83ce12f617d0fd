package e2e

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// serveMetadata is an instance's metadata service inside a network namespace: a
// session begins with PUT, and nothing is told without one. Facts, each a string by a
// string, may be added later. One that is a number fails with that status.
func serveMetadata(t *testing.T, ns string, facts *sync.Map) {
	t.Helper()
	l := &lan{t: t}
	l.do("ip", "-n", ns, "addr", "add", "169.254.169.254/32", "dev", "lo")
	listener, err := listenIn(ns, "169.254.169.254:80")
	if err != nil {
		t.Fatal(err)
	}
	secret := make([]byte, 16)
	_, _ = rand.Read(secret) // never fails
	session := hex.EncodeToString(secret)
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /latest/api/token", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-aws-ec2-metadata-token-ttl-seconds") == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, session)
	})
	mux.HandleFunc("GET /latest/meta-data/{name...}", func(w http.ResponseWriter, r *http.Request) {
		fact, ok := facts.Load(r.PathValue("name"))
		switch {
		case r.Header.Get("X-aws-ec2-metadata-token") != session:
			w.WriteHeader(http.StatusUnauthorized)
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		default:
			if status, fails := fact.(int); fails {
				w.WriteHeader(status)
				return
			}
			fmt.Fprint(w, fact)
		}
	})
	server := &http.Server{Handler: mux}
	done := make(chan struct{})
	go func() {
		_ = server.Serve(listener) // until it is closed
		close(done)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
}

// listenIn listens inside a network namespace: a socket stays in the one that it
// was made in. The thread that was there is not used again.
func listenIn(ns, address string) (net.Listener, error) {
	type answer struct {
		net.Listener
		error
	}
	out := make(chan answer)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		file, err := os.Open(filepath.Join("/run/netns", ns))
		if err == nil {
			err = unix.Setns(int(file.Fd()), unix.CLONE_NEWNET)
			_ = file.Close()
		}
		if err != nil {
			out <- answer{nil, err}
			return
		}
		l, err := net.Listen("tcp", address)
		out <- answer{l, err}
	}()
	a := <-out
	return a.Listener, a.error
}
