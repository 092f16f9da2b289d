package servertest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
)

// Ports lie below those that a system gives to outgoing connections and to listeners that ask for
// any: one of these could take a port while its server is away, and a server that comes back would
// find it in use.
const (
	firstPort = 10000
	portCount = 22000
)

// reserved holds what this process was given until it ends.
var reserved struct { // ports are the machine's
	sync.Mutex
	next int
	by   []net.PacketConn
}

// Listen listens on a port of this machine that no other test, of this or another process, is given
// until this process ends. What tells the others is a UDP socket on the port of the same number:
// the system closes it, whatever the end.
func Listen() (net.Listener, error) {
	reserved.Lock()
	defer reserved.Unlock()
	for range portCount {
		reserved.next++
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+(os.Getpid()*97+reserved.next)%portCount)
		mark, err := net.ListenPacket("udp", address) //nolint:noctx // it waits for nobody
		if err != nil {
			continue
		}
		l, err := net.Listen("tcp", address) //nolint:noctx // it waits for nobody
		if err != nil {
			_ = mark.Close() // somebody else's server stands there
			continue
		}
		reserved.by = append(reserved.by, mark)
		return l, nil
	}
	return nil, errors.New("no free port")
}

// FreeAddress is that of such a port, as in 127.0.0.1:10001, on which nobody listens.
func FreeAddress() (string, error) {
	l, err := Listen()
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
