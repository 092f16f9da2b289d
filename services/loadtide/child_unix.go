//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// detach keeps a Ctrl-C on the terminal from reaching the child directly: it
// ends when its parent tells it.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// lowerPriority lets serving go first.
func lowerPriority(pid int) error { return syscall.Setpriority(syscall.PRIO_PROCESS, pid, 10) }
