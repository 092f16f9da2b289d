package service

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isAddrInUse reports whether err says that another program uses the address. Windows also answers
// "access denied" when that program asked for exclusive use.
func isAddrInUse(err error) bool {
	return errors.Is(err, windows.WSAEADDRINUSE) || errors.Is(err, windows.WSAEACCES)
}
