package model

import "fmt"

// FolderError is a model folder that was refused.
type FolderError struct {
	Folder string
	File   string // the file in it, empty when it is the folder itself
	Fault  string // what is wrong, with the value
	Remedy string
	Err    error // the cause, or nil
}

// remedyLoad is what helps with any folder that is not as it was written.
const remedyLoad = "move the folder away, and fetch the model again, train another, or export it as docs/format/model.md says"

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
