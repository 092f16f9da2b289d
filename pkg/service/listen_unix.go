//go:build !windows

package service

import (
	"errors"
	"syscall"
)

// isAddrInUse tells whether err says that another program holds the address.
func isAddrInUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
