package service

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isAddrInUse tells whether err says that another program holds the address. Windows also answers "access denied" when
// the holder asked for exclusive use.
func isAddrInUse(err error) bool {
	return errors.Is(err, windows.WSAEADDRINUSE) || errors.Is(err, windows.WSAEACCES)
}
