package service

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// DirLock is the right of this process to use a data dir. The system ends it with the process.
type DirLock struct {
	lock *flock.Flock
}

// LockDir locks a data dir for this process, and makes it if it does not exist. The error is a
// *HintError: this user may not write there, or another loadtide uses the dir; then it names that
// process.
func LockDir(dir string) (*DirLock, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, dirError(dir, err)
	}
	path := filepath.Join(dir, "lock")
	lock := flock.New(path)
	locked, err := lock.TryLock()
	if err != nil {
		return nil, dirError(dir, err)
	}
	if !locked {
		who := "another loadtide"
		if pid, err := os.ReadFile(path + ".pid"); err == nil {
			if n, err := strconv.Atoi(strings.TrimSpace(string(pid))); err == nil {
				who += fmt.Sprintf(" (process %d)", n)
			}
		}
		return nil, &HintError{
			What: fmt.Sprintf("data dir %s is in use by %s", dir, who), Reason: "data_dir_in_use",
			Fix: []string{"stop that one, or start with --data-dir and another folder"},
		}
	}
	if err := os.WriteFile(path+".pid", []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil {
		return nil, errors.Join(dirError(dir, err), lock.Unlock())
	}
	return &DirLock{lock: lock}, nil
}

func dirError(dir string, err error) error {
	return &HintError{
		What: fmt.Sprintf("data dir %s cannot be used", dir), Why: cause(err),
		Reason: "data_dir_unusable", Err: err,
		Fix: []string{"give this user the right to write there, or start with --data-dir and " +
			"another folder"},
	}
}

// Release ends the lock.
func (l *DirLock) Release() error { return l.lock.Unlock() }
