package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// store is a registry as a test sees it from outside: its URL, and its entries
// written and read by other means than the programs'.
type store struct {
	url string
	env []string // by which the programs reach it
	put func(key, body string) error
	get func(key string) (string, error)
	// keys are all keys, ascending.
	keys func() ([]string, error)
}

// onEachStore runs a test on a directory and on a bucket.
func onEachStore(t *testing.T, test func(t *testing.T, s store)) {
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		test(t, newDirectory(t))
	})
	t.Run("s3", func(t *testing.T) {
		t.Parallel()
		test(t, newBucket(t))
	})
}

func newDirectory(t *testing.T) store {
	root := filepath.Join(t.TempDir(), "registry")
	s := store{url: "file://" + root}
	s.put = func(key, body string) error {
		path := filepath.Join(root, key)
		return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(body), 0o644))
	}
	s.get = func(key string) (string, error) {
		body, err := os.ReadFile(filepath.Join(root, key))
		return string(body), err
	}
	s.keys = func() ([]string, error) {
		var keys []string
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && !d.IsDir() && !strings.HasPrefix(d.Name(), ".") {
				keys = append(keys, strings.TrimPrefix(path, root+"/"))
			}
			return err
		})
		slices.Sort(keys)
		return keys, err
	}
	return s
}

// Credentials of the S3 server, which lives as long as the tests.
const (
	accessKey = "e2e"
	secretKey = "e2e-secret"
)

// gateway is the S3 server that all tests share, each with a bucket of its own.
type gateway struct {
	endpoint string
	dir      string
	cmd      *exec.Cmd
	log      output
	buckets  atomic.Int64
}

// theGateway starts the S3 server when the first test asks for it.
var theGateway = sync.OnceValues(startGateway)

// gatewayStarted says that there is one to end.
var gatewayStarted atomic.Bool

func startGateway() (*gateway, error) {
	gatewayStarted.Store(true)
	dir, err := os.MkdirTemp("", "auto-consul-e2e-")
	if err != nil {
		return nil, err
	}
	g := &gateway{dir: dir}
	address, err := freePort()
	if err != nil {
		return g, err
	}
	g.endpoint = "http://" + address
	g.cmd = exec.Command(filepath.Join(tools(), "versitygw"), "--access", accessKey, "--secret", secretKey,
		"--port", address, "--keep-alive", "--quiet", "posix", dir)
	g.cmd.Stdout, g.cmd.Stderr = &g.log, &g.log
	if err := g.cmd.Start(); err != nil {
		return g, fmt.Errorf("%w: run make tools first", err)
	}
	for range 300 {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return g, conn.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
	return g, fmt.Errorf("versitygw does not answer: %s", g.log.String())
}

func (g *gateway) end() {
	if g.cmd != nil && g.cmd.Process != nil {
		_ = g.cmd.Process.Kill()
		_ = g.cmd.Wait()
	}
	_ = os.RemoveAll(g.dir)
}

// freePort returns a loopback address with a port that nobody has now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func newBucket(t *testing.T) store {
	t.Helper()
	g, err := theGateway()
	if err != nil {
		t.Fatal(err)
	}
	client := s3.New(s3.Options{
		BaseEndpoint: aws.String(g.endpoint), UsePathStyle: true, Region: "us-east-1",
		Credentials:                credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
	ctx, bucket := context.Background(), aws.String(fmt.Sprintf("bucket-%d", g.buckets.Add(1)))
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	const prefix = "consul/test-cluster/"
	s := store{
		url: "s3://" + *bucket + "/" + strings.TrimSuffix(prefix, "/"),
		env: []string{
			"AWS_ENDPOINT_URL_S3=" + g.endpoint, "AWS_REGION=us-east-1",
			"AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + secretKey,
		},
	}
	s.put = func(key, body string) error {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: bucket, Key: aws.String(prefix + key), Body: bytes.NewReader([]byte(body)),
		})
		return err
	}
	s.get = func(key string) (string, error) {
		out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String(prefix + key)})
		if err != nil {
			return "", err
		}
		defer out.Body.Close()
		body, err := io.ReadAll(out.Body)
		return string(body), err
	}
	s.keys = func() ([]string, error) {
		out, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String(prefix)})
		if err != nil {
			return nil, err
		}
		var keys []string
		for _, o := range out.Contents {
			keys = append(keys, strings.TrimPrefix(*o.Key, prefix))
		}
		return keys, nil
	}
	return s
}
