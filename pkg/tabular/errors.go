package tabular

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
)

// RowError says which row of a file cannot be used, and why. In a wide file the row is a cell, or a
// line as a whole.
type RowError struct {
	File   string // as it was named
	Line   int    // from 1, the header included
	Column int    // from 1; 0 when the row as a whole is meant
	Name   string // of the column; with Column 0 of the part of a record, what is wrong, or empty
	Value  string // the offending text, at most 64 bytes
	Reason meter.Reason
	Remedy string // what to do about it
}

// Error gives file, line, column, value and reason in one line.
func (e *RowError) Error() string {
	if e.Column == 0 && e.Name != "" {
		return fmt.Sprintf("%s:%d: %s %s %s",
			e.File, e.Line, e.Name, strconv.Quote(e.Value), e.Reason)
	}
	if e.Column == 0 {
		return fmt.Sprintf("%s:%d: %s %s", e.File, e.Line, strconv.Quote(e.Value), e.Reason)
	}
	return fmt.Sprintf("%s:%d: column %d (%s) %s %s",
		e.File, e.Line, e.Column, e.Name, strconv.Quote(e.Value), e.Reason)
}

// FileError says why a file cannot be used at all.
type FileError struct {
	File    string
	Problem string
	Remedy  string
	Err     error // cause, may be nil
	Unnamed bool  // the file names no series, and Options.Series does not either
}

// Error gives the file and the problem in one line, without the remedy.
func (e *FileError) Error() string {
	if e.Err != nil {
		return e.File + ": " + e.Problem + ": " + e.Err.Error()
	}
	return e.File + ": " + e.Problem
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// OptionError says which of the Options is wrong; no file was opened then.
type OptionError struct {
	Option string // named as the flag, without the dashes
	Value  string
	Reason string
	Remedy string
}

// Error gives option, value and reason in one line, without the remedy.
func (e *OptionError) Error() string {
	return fmt.Sprintf("%s %s %s", e.Option, strconv.Quote(e.Value), e.Reason)
}

// maxShown is how many bytes of an offending value an error carries.
const maxShown = 64

func shown[T string | []byte](raw T) string {
	return strings.ToValidUTF8(string(raw[:min(len(raw), maxShown)]), "?")
}
