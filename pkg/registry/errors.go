package registry

import (
	"errors"
	"fmt"
)

// ErrNotFound says that a model, version or alias does not exist.
var ErrNotFound = errors.New("not found")

// ErrUnavailable says that the registry does not answer, or that it answers that it cannot work
// now. The same call may succeed later, and no configuration has to change for that.
var ErrUnavailable = errors.New("registry unavailable")

// FolderError says that a folder is refused: one of the registry, or one that should be registered.
// Nothing was changed.
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
