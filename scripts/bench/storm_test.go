package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	neturl "net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"auto-consul/lib/wire"
)

// newGateway starts an S3 server with one bucket and returns the environment by
// which programs reach it. It ends with the benchmark.
func newGateway(b *testing.B) []string {
	b.Helper()
	dir := b.TempDir()
	// A bucket is a folder.
	if err := os.Mkdir(filepath.Join(dir, bucket), 0o755); err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	start(b, command(b, environ(b, dir), "tools/versitygw", "--access", "key", "--secret", "bench-secret",
		"--port", address, "--keep-alive", "--quiet", "posix", dir))
	await(b, "versitygw", func() error {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			err = conn.Close()
		}
		return err
	})
	return environ(b, b.TempDir(), "AWS_ENDPOINT_URL_S3=http://"+address, "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=bench-secret")
}

// counted is an environment whose requests to the S3 server of another are
// counted on their way.
func counted(b *testing.B, env []string) ([]string, *atomic.Int64) {
	b.Helper()
	const name = "AWS_ENDPOINT_URL_S3="
	i := slices.IndexFunc(env, func(v string) bool { return strings.HasPrefix(v, name) })
	target, err := neturl.Parse(env[i][len(name):])
	if err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	web := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			n.Add(1)
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is signed
		},
		Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 128},
	})
	b.Cleanup(web.Close)
	return append(slices.Clone(env), name+web.URL), &n
}

// start starts a program that is stopped at the end of the benchmark.
func start(b *testing.B, cmd *exec.Cmd) {
	b.Helper()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { stop(cmd) })
}

// await repeats a look until it finds nothing wrong, for a time that nothing
// should take.
func await(b *testing.B, what string, look func() error) {
	b.Helper()
	var err error
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if err = look(); err == nil {
			return
		}
	}
	b.Fatalf("waited in vain for %s: %v", what, err)
}

// BenchmarkStorm starts a hundred processes of ac-decide at one moment, with a
// real S3 server, beside as many that do nothing.
func BenchmarkStorm(b *testing.B) {
	env, requests := counted(b, newGateway(b))
	for _, desired := range []int{1, 3, 5} {
		b.Run(fmt.Sprintf("%d servers", desired), func(b *testing.B) {
			var own, idle []time.Duration
			bootstraps, begin := 0, requests.Load()
			for round := 0; b.Loop(); round++ {
				dir := b.TempDir()
				took, _ := storm(b, env, func(int) []string { return []string{"-h"} })
				idle = append(idle, took)
				took, out := storm(b, env, func(i int) []string {
					return []string{
						"-r", fmt.Sprintf("%s/%d/%d", url, desired, round), "-s", fmt.Sprint(desired), "-timeout", "2m",
						"-n", fmt.Sprintf("node%d", i), "-a", fmt.Sprintf("127.221.0.%d", 1+i), "-d", filepath.Join(dir, fmt.Sprint(i)),
					}
				})
				own = append(own, took)
				for _, text := range out {
					var d wire.Decision
					if err := json.Unmarshal([]byte(text), &d); err != nil {
						b.Fatal(err)
					}
					if d.Bootstrap {
						bootstraps++
					}
				}
			}
			report(b, map[string]float64{
				"s": median(own).Seconds(), "x-idle": float64(median(own)) / float64(median(idle)),
				"bootstraps":    float64(bootstraps) / float64(len(own)),
				"requests/node": float64(requests.Load()-begin) / float64(len(own)*crew),
			})
		})
	}
}

// crew is how many processes a storm has.
const crew = 100

// storm holds a hundred processes at one pipe, lets them go by closing it, and
// returns how long they took and what they printed.
func storm(b *testing.B, env []string, args func(i int) []string) (time.Duration, []string) {
	b.Helper()
	gate, open, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	all := make([]*exec.Cmd, crew)
	for i := range all {
		cmd := command(b, env, append([]string{"/bin/sh", "-c", `read -r _; exec ac-decide "$@" </dev/null`, "sh"}, args(i)...)...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = gate, &strings.Builder{}, &bytes.Buffer{}
		start(b, cmd)
		all[i] = cmd
	}
	begin := time.Now()
	if err := errors.Join(gate.Close(), open.Close()); err != nil {
		b.Fatal(err)
	}
	var out []string
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			b.Fatalf("%v: %s", err, cmd.Stderr)
		}
		out = append(out, cmd.Stdout.(*strings.Builder).String())
	}
	return time.Since(begin), out
}
