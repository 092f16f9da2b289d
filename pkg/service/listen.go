package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
)

// Listen opens a TCP listener at addr. what says in words what answers there, such as "page and
// API"; flag is the flag that changes the address, such as "--http-listen". Every error is a
// *HintError.
func Listen(ctx context.Context, addr, what, flag string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	switch {
	case err == nil:
		return l, nil
	case isAddrInUse(err):
		return nil, PortInUse(ctx, addr, what, flag, err)
	case errors.Is(err, os.ErrPermission):
		return nil, &HintError{
			What: fmt.Sprintf("no right to listen on %s (%s)", addr, what),
			Fix: []string{fmt.Sprintf(
				"take a port above 1023: %s %s", flag, net.JoinHostPort(host(addr), "8080"),
			)},
			Reason: "listen_denied", Err: err,
		}
	}
	return nil, &HintError{
		What: fmt.Sprintf("cannot listen on %q (%s)", addr, what), Why: cause(err),
		Fix: []string{fmt.Sprintf("give an address of this machine as host:port, such as %s "+
			"127.0.0.1:8080", flag)},
		Reason: "listen_failed", Err: err,
	}
}

// PortInUse returns the error for an address that another program uses. The fix names the next free
// port. err is the cause and may be nil. Parts that open their own listener, such as the embedded
// NATS server, need it too.
func PortInUse(ctx context.Context, addr, what, flag string, err error) *HintError {
	return &HintError{
		What: fmt.Sprintf("%s (%s) is in use", addr, what),
		Fix: []string{fmt.Sprintf(
			"stop the other program, or start with %s %s", flag, nextFree(ctx, addr),
		)},
		Reason: "port_in_use", Err: err,
	}
}

// nextFree returns addr with the first free port of the twenty behind its own, or with the next
// port when none of them is free.
func nextFree(ctx context.Context, addr string) string {
	_, p, err := net.SplitHostPort(addr)
	port, convErr := strconv.Atoi(p)
	if err != nil || convErr != nil {
		return "127.0.0.1:0"
	}
	var lc net.ListenConfig
	for next := port + 1; next <= min(port+20, 65535); next++ {
		candidate := net.JoinHostPort(host(addr), strconv.Itoa(next))
		if l, err := lc.Listen(ctx, "tcp", candidate); err == nil {
			_ = l.Close() // only its address is needed
			return candidate
		}
	}
	return net.JoinHostPort(host(addr), strconv.Itoa(min(port+1, 65535)))
}

// host returns the host of addr, which may be empty.
func host(addr string) string {
	h, _, err := net.SplitHostPort(addr)
	if err != nil {
		return "127.0.0.1"
	}
	return h
}

// cause returns the text of a network error without operation and address, which the caller's text
// has.
func cause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return err.Error()
}
