package checkpoint

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// ErrDamaged marks a checkpoint whose bytes are not those that were written.
var ErrDamaged = errors.New("damaged")

// ErrVersion marks a whole checkpoint whose format belongs to another version of the program. Such
// a checkpoint is refused and never skipped: an older file would set the state back without notice.
var ErrVersion = errors.New("unknown format version")

// rebuild is the remedy that always works, because the log has everything.
const rebuild = "move the folder away: the partition then replays its log from the start"

// FileError is a checkpoint that was refused. errors.Is finds ErrDamaged, ErrVersion or the cause
// of the system.
type FileError struct {
	Path  string // the file; empty when decoded from memory
	Fault string // what is wrong, with the position and the value
	Err   error  // ErrDamaged, ErrVersion or a cause of the system
}

// Error names the file, the kind of refusal and the fault.
func (e *FileError) Error() string {
	name := e.Path
	if name == "" {
		name = "checkpoint"
	}
	text := fmt.Sprintf("%s: %v", name, e.Err)
	if e.Fault != "" {
		text += ": " + e.Fault
	}
	if errors.Is(e.Err, ErrVersion) {
		text += " (remedy: run the version of loadtide that wrote it, or " + rebuild + ")"
	}
	return text
}

// Unwrap returns the kind or cause.
func (e *FileError) Unwrap() error { return e.Err }

// NoneWholeError says that a partition has checkpoints and all of them are damaged.
type NoneWholeError struct {
	Dir       string
	Partition int
	Faults    []error // one *FileError for each file, newest first
}

// Error is one line: the folder, each file's fault and the remedy.
func (e *NoneWholeError) Error() string {
	parts := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		parts[i] = f.Error()
		var fe *FileError
		if errors.As(f, &fe) { // the text begins with the folder, so the name of the file is enough
			short := *fe
			short.Path = filepath.Base(fe.Path)
			parts[i] = short.Error()
		}
	}
	return fmt.Sprintf("%s: none of the %d checkpoints of partition %d is whole: %s (remedy: %s)",
		e.Dir, len(e.Faults), e.Partition, strings.Join(parts, "; "), rebuild)
}

// Unwrap returns the faults of the files.
func (e *NoneWholeError) Unwrap() []error { return e.Faults }

// FolderError says that the folder of the checkpoints cannot be used: no right, no space, no
// folder.
type FolderError struct {
	Dir string
	Op  string // what was tried, as in "read" or "write to"
	Err error  // the cause of the system
}

// Error is one line: the folder, the cause and the remedy.
func (e *FolderError) Error() string {
	return fmt.Sprintf("%s: cannot %s the checkpoint folder: %v (remedy: give this user the right "+
		"to read and write it, or choose another data folder)", e.Dir, e.Op, e.Err)
}

// Unwrap returns the cause of the system.
func (e *FolderError) Unwrap() error { return e.Err }
