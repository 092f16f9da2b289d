//go:build !windows

package servertest

import (
	"os/exec"
	"syscall"
)

// ownGroup lets a command lead a process group.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
