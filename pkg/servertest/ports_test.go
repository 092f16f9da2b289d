package servertest_test

import (
	"net"
	"testing"

	"github.com/loadtide/loadtide/pkg/servertest"
)

// A port that was given stays its owner's when nothing listens on it, and is below those of
// outgoing connections.
func TestFreeAddressesAreKept(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 300 {
		address, err := servertest.FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		if seen[address] {
			t.Fatalf("%s was given twice", address)
		}
		seen[address] = true
		if mark, err := net.ListenPacket("udp", address); err == nil {
			t.Errorf("%s: nothing tells others that it is taken", address)
			_ = mark.Close()
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatalf("%s: its owner cannot listen: %v", address, err)
		}
		if port := l.Addr().(*net.TCPAddr).Port; port < 10000 || port >= 32000 {
			t.Errorf("port %d", port)
		}
		_ = l.Close()
	}
}
