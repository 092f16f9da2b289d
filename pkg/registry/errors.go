package registry

import (
	"errors"
	"fmt"
)

// ErrNotFound says that a model, version or alias is not there.
var ErrNotFound = errors.New("not found")

// ErrUnavailable says that the registry did not answer, or only that it cannot now.
// The same call may succeed later; nobody has to do anything here.
var ErrUnavailable = errors.New("registry unavailable")

// FolderError is a folder of the registry, or one to be registered, that is
// refused. Nothing was changed.
type FolderError struct {
	Folder string
	Fault  string // what is wrong, with the file
	Remedy string
	Err    error // the cause of the system, or nil
}

// Error is one line: the folder, the fault, the cause and the remedy.
func (e *FolderError) Error() string {
	text := e.Folder + ": " + e.Fault
	if e.Err != nil {
		text += fmt.Sprintf(": %v", e.Err)
	}
	return text + " (remedy: " + e.Remedy + ")"
}

// Unwrap returns the cause of the system.
func (e *FolderError) Unwrap() error { return e.Err }

func notFound(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrNotFound)
}
