//go:build !windows

package service

import (
	"errors"
	"syscall"
)

// isAddrInUse reports whether err says that another program uses the address.
func isAddrInUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
