package consul

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"
)

// serfAddress is an address of this machine that no other process is likely to
// use.
func serfAddress(n byte) string {
	return netip.AddrFrom4([4]byte{127, byte(1 + os.Getpid()%250), 8, n}).String()
}

// full listens at an address's serf port and takes no further connection: like
// one that is not there, it leaves packets unanswered.
func full(t *testing.T, address string) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	at := netip.MustParseAddrPort(net.JoinHostPort(address, serfPort))
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	for {
		conn, err := net.DialTimeout("tcp", at.String(), 200*time.Millisecond)
		if err != nil {
			return
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
}

func TestSerf(t *testing.T) {
	t.Parallel()
	open, closed, blackhole := serfAddress(1), serfAddress(2), serfAddress(3)
	l, err := net.Listen("tcp", net.JoinHostPort(open, serfPort))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	full(t, blackhole)
	for _, test := range []struct {
		address string
		want    string
	}{
		{open, "answers true, blackholed false"},
		{closed, "answers false, blackholed false"},
		{blackhole, "answers false, blackholed true"},
		{"no such host", "answers false, blackholed false"},
	} {
		got := fmt.Sprintf("answers %t, blackholed %t", Answers(t.Context(), test.address), new(Agent).Blackholed(t.Context(), test.address))
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.address, got, test.want)
		}
	}
}
