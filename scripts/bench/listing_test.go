package bench

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// listed names the endpoint whose heartbeats this program, started once more,
// lists and counts, so that a process is compared with a process.
const listed = "AC_BENCH_LIST"

func TestMain(m *testing.M) {
	endpoint := os.Getenv(listed)
	if endpoint == "" {
		os.Exit(m.Run())
	}
	n, err := list(context.Background(), endpoint)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(n)
}

// list is the least that anybody can do to see a registry: the SDK's paginator
// over one folder.
func list(ctx context.Context, endpoint string) (keys int, err error) {
	client := s3.New(s3.Options{
		BaseEndpoint: &endpoint, UsePathStyle: true, Region: "us-east-1",
		Credentials:                credentials.NewStaticCredentialsProvider("key", "secret", ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{
		Bucket: aws.String(bucket), Prefix: aws.String(prefix + "/agents/"),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return keys, err
		}
		keys += len(page.Contents)
	}
	return keys, nil
}

// runList runs a listing in a process of its own.
func runList(b *testing.B, s *s3server, want int) measured {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	m := run(b, append(s.env, listed+"="+s.endpoint), self)
	if n, err := strconv.Atoi(strings.TrimSpace(string(m.out))); err != nil || n != want {
		b.Fatalf("got %d heartbeats, %v, want %d", n, err, want)
	}
	return m
}
