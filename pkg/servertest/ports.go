package servertest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
)

// Ports lie below those that a system gives to outgoing connections and to listeners that ask for any: one of these could
// take a port while its server is away, and a server that comes back would find it in use. Each process begins in a run of
// its own, so that test binaries that run side by side do not meet.
const (
	firstPort = 10000
	portsEach = 200
	processes = 110
)

var ports atomic.Uint32 //nolint:gochecknoglobals // each port is handed out once in a process

// Listen listens on a port of this machine that nobody else in this process was given.
func Listen() (net.Listener, error) {
	const count = portsEach * processes
	for range count {
		port := firstPort + (uint32(os.Getpid()%processes)*portsEach+ports.Add(1))%count
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil { //nolint:noctx // it waits for nobody
			return l, nil
		}
	}
	return nil, errors.New("no free port")
}

// FreeAddress is one of this machine's that nobody listens on, as in 127.0.0.1:10001.
func FreeAddress() (string, error) {
	l, err := Listen()
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
