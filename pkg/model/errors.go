package model

import "fmt"

// FolderError says that a model folder is refused.
type FolderError struct {
	Folder string
	File   string // in the folder; empty when the fault is in the folder itself
	Fault  string // what is wrong, with the value
	Remedy string
	Err    error // the cause, or nil
}

// remedyLoad is the remedy for every folder that is not as it was written.
const remedyLoad = "move the folder away, and fetch the model again, train another, or export it " +
	"as docs/format/model.md says"

// Error is one line: folder, file, fault, cause and remedy.
func (e *FolderError) Error() string {
	text := "model folder " + e.Folder + ": "
	if e.File != "" {
		text += e.File + ": "
	}
	text += e.Fault
	if e.Err != nil {
		text += fmt.Sprintf(": %v", e.Err)
	}
	return text + " (remedy: " + e.Remedy + ")"
}

// Unwrap returns the cause.
func (e *FolderError) Unwrap() error { return e.Err }
