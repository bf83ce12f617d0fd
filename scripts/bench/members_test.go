package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"auto-consul/lib/rule"
	"auto-consul/lib/scripttest"
	"auto-consul/lib/wire"
)

// BenchmarkMembers is ac-members beside a bare listing of the same heartbeats,
// with five addresses a role read and with all. BENCH=full reads 100,000, too.
func BenchmarkMembers(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newServer(b)
			s.fill(b, n)
			b.Run("five", func(b *testing.B) { benchMembers(b, s, n, "-limit=5") })
			if n < 100_000 || full() {
				b.Run("all", func(b *testing.B) { benchMembers(b, s, n, "-limit=0") })
			}
		})
	}
}

func benchMembers(b *testing.B, s *s3server, n int, limit string) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	var own, bare []time.Duration
	peak, least := 0.0, 0.0
	s.Forget()
	for b.Loop() {
		for range 3 { // enough for a median where one takes longer than the benchmark
			l := run(b, append(s.env, listed+"="+s.endpoint), self)
			if got := strings.TrimSpace(string(l.out)); got != fmt.Sprint(n) {
				b.Fatalf("got %s heartbeats, want %d", got, n)
			}
			bare, least = append(bare, l.wall), max(least, l.peak)
			m := run(b, s.env, "ac-members", "-r", url, "-e", "24h", "-purge=false", "-timeout=10m", limit)
			var doc wire.Members
			if err := json.Unmarshal(m.out, &doc); err != nil || doc.AgentsTotal != n || doc.ServersTotal != 5 {
				b.Fatalf("got %d agents, %d servers, %v", doc.AgentsTotal, doc.ServersTotal, err)
			}
			own, peak = append(own, m.wall), max(peak, m.peak)
		}
	}
	pages := (n + 999) / 1000
	report(b, map[string]float64{
		"ms":        milliseconds(median(own)),
		"x-listing": ratio(own, bare),
		"peak-MB":   peak,
		"x-peak":    peak / least,
		"requests":  float64(s.Count(nil))/float64(len(own)) - float64(pages),
	})
}

// BenchmarkPipe counts what one node that starts among ten thousand clients asks of the
// store, by the pipe and by ac-decide alone.
func BenchmarkPipe(b *testing.B) {
	s := newServer(b)
	s.fill(b, 10_000)
	record := rule.Record{Seq: 1, Write: "w", ClusterID: "c", State: rule.Established, Birth: rule.Quorum, Desired: 5, Bootstrap: rule.Bootstrap{Term: 1}}
	for i := range 5 { // whose servers beat, and whose slots are old
		record.Servers = append(record.Servers, rule.Slot{Incarnation: fmt.Sprint(i), Node: fmt.Sprintf("node%d", i), Address: fmt.Sprintf("10.0.0.%d", i)})
	}
	body, err := record.Encode()
	if err == nil {
		err = s.Open(b, bucket, prefix).Put(b.Context(), rule.RecordKey, body)
	}
	if err != nil {
		b.Fatal(err)
	}
	for name, line := range map[string]string{
		"pipe":   `"$1/ac-members" -limit 10 -e 24h -purge=false "$2" | "$1/ac-decide" -n new -a 10.0.9.9 -d "$3" -s 5`,
		"decide": `"$1/ac-decide" -r "$2" -e 24h -n new -a 10.0.9.9 -d "$3" -s 5`,
	} {
		b.Run(name, func(b *testing.B) {
			s.Forget()
			m := run(b, s.env, "/bin/sh", "-c", line, "sh", scripttest.Bin(), url, b.TempDir())
			var d wire.Decision
			if err := json.Unmarshal(m.out, &d); err != nil || d.Mode != wire.Agent {
				b.Fatalf("got %s, %v, want an agent", m.out, err)
			}
			report(b, map[string]float64{"requests": float64(s.Count(nil)), "ms": milliseconds(m.wall)})
		})
	}
}

// listed names the endpoint whose heartbeats this program, started once more,
// lists and counts, so that a process is compared with a process.
const listed = "AC_BENCH_LIST"

// list is the least that anybody can do to see a registry: the SDK's paginator
// over one folder. It returns an exit code.
func list(endpoint string) int {
	pages := s3.NewListObjectsV2Paginator(s3.New(s3.Options{
		BaseEndpoint: &endpoint, UsePathStyle: true, Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(scripttest.AccessKey, scripttest.SecretKey, ""),
	}), &s3.ListObjectsV2Input{Bucket: aws.String(bucket), Prefix: aws.String(prefix + "/agents/")})
	keys := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		keys += len(page.Contents)
	}
	fmt.Println(keys)
	return 0
}
