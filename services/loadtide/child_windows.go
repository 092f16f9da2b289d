package main

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// detach keeps a Ctrl-C in the console from reaching the child directly: it
// ends when its parent tells it.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// lowerPriority lets serving go first.
func lowerPriority(pid int) error {
	h, err := windows.OpenProcess(windows.PROCESS_SET_INFORMATION, false, uint32(pid))
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	return windows.SetPriorityClass(h, windows.BELOW_NORMAL_PRIORITY_CLASS)
}
