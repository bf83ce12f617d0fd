package scripttest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Credentials of all S3 servers of tests.
const (
	AccessKey = "test"
	SecretKey = "test-secret"
)

// StoreEnv is by which environment programs reach an S3 server.
func StoreEnv(endpoint string) []string {
	return []string{
		"AWS_ENDPOINT_URL_S3=" + endpoint, "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=" + AccessKey, "AWS_SECRET_ACCESS_KEY=" + SecretKey,
	}
}

// Gateway is a real S3 server in a process of its own.
type Gateway struct {
	Endpoint string
	Dir      string // a folder in it is a bucket
	cmd      *exec.Cmd
}

// StartGateway starts an S3 server without buckets, and waits until it answers.
func StartGateway() (*Gateway, error) {
	address, err := FreePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "auto-consul-s3-")
	if err != nil {
		return nil, err
	}
	var log bytes.Buffer
	cmd := exec.Command(filepath.Join(Tools(), "versitygw"), "--access", AccessKey, "--secret", SecretKey,
		"--port", address, "--keep-alive", "--quiet", "posix", dir)
	cmd.Stdout, cmd.Stderr = &log, &log
	g := &Gateway{"http://" + address, dir, cmd}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for range 300 {
		if conn, err := net.Dial("tcp", address); err == nil {
			return g, conn.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
	g.End()
	return nil, fmt.Errorf("versitygw does not answer: %s", log.String())
}

// End kills the server, and removes its buckets.
func (g *Gateway) End() {
	_ = g.cmd.Process.Kill() // it may have ended by itself
	_ = g.cmd.Wait()
	_ = os.RemoveAll(g.Dir)
}

// Forward hands requests on to an S3 server. One that cannot be handed on gets no
// answer.
func Forward(endpoint string) (*httputil.ReverseProxy, error) {
	target, err := url.Parse(endpoint)
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is signed
		},
		Transport:    &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 128},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}, err
}

// FreePort returns a loopback address with a port that nobody has now.
func FreePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
