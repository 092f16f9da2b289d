//go:build unix

package main

import (
	"syscall"
	"time"
)

// processTime is the CPU time of this process: on a machine that does other things
// too, waiting for them is no part of a call.
func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return time.Since(started)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
