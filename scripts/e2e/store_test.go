package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"auto-consul/lib/scripttest"
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
	accessKey = scripttest.AccessKey
	secretKey = scripttest.SecretKey
)

// theGateway is the S3 server that all tests share, each with a bucket of its own.
// The first test that asks for it starts it.
var theGateway = sync.OnceValues(func() (*scripttest.Gateway, error) {
	gatewayStarted.Store(true)
	return scripttest.StartGateway()
})

var (
	gatewayStarted atomic.Bool // there is one to end
	buckets        atomic.Int64
)

func newBucket(t *testing.T) store {
	t.Helper()
	g, err := theGateway()
	if err != nil {
		t.Fatal(err)
	}
	client := s3.New(s3.Options{
		BaseEndpoint: aws.String(g.Endpoint), UsePathStyle: true, Region: "us-east-1",
		Credentials:                credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
	ctx, bucket := context.Background(), aws.String(fmt.Sprintf("bucket-%d", buckets.Add(1)))
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	const prefix = "consul/test-cluster/"
	s := store{
		url: "s3://" + *bucket + "/" + strings.TrimSuffix(prefix, "/"),
		env: scripttest.StoreEnv(g.Endpoint),
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
		var keys []string
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String(prefix)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, o := range page.Contents {
				keys = append(keys, strings.TrimPrefix(*o.Key, prefix))
			}
		}
		return keys, nil
	}
	return s
}
