package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Exit codes of every command.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2
	// ExitNo says that the command ran and its answer is no: a gate refused, a comparison was lost,
	// a check found a fault.
	ExitNo          = 3
	ExitInterrupted = 130
)

// ErrInterrupted says that a person ended the work before it was done: a batch command by the first
// signal, a role by the second one. The command has printed what that means, so PrintError prints
// nothing for it.
var ErrInterrupted = errors.New("interrupted")

// HintError is a failure that an operator can mend.
type HintError struct {
	// What says what failed, with the value, in lower case. It can be read without the other
	// fields.
	What string
	// Why is the cause in the system's words; empty when it adds nothing.
	Why string
	// Fix holds one or two remedies, as text that can be pasted.
	Fix []string
	// Reason is the failure in one word for programs, such as port_in_use; empty means "failed".
	Reason string
	// Err is the cause for errors.Is and errors.As; it is not printed.
	Err error
}

// Error returns What and Why in one line.
func (e *HintError) Error() string {
	if e.Why == "" {
		return e.What
	}
	return e.What + ": " + e.Why
}

// Unwrap returns the cause, if there is one.
func (e *HintError) Unwrap() error { return e.Err }

// codeError is an error with an exit code of its own.
type codeError struct {
	error
	code int
}

func (e *codeError) Unwrap() error { return e.error }

// WithExitCode wraps err so that ExitCode returns code for it. A nil err stays nil.
func WithExitCode(err error, code int) error {
	if err == nil {
		return nil
	}
	return &codeError{err, code}
}

// ExitCode returns the exit code of a command that ended with err: 0 for nil, the code of
// WithExitCode, 130 for ErrInterrupted, otherwise 1.
func ExitCode(err error) int {
	var coded *codeError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, ErrInterrupted):
		return ExitInterrupted
	}
	return ExitFailed
}

// PrintError writes err for a person: a line "error: …", and below it, for a HintError, indented
// lines "why: …" and "fix: …". Joined errors follow each other. PrintError drops errors of writing,
// because they can be reported nowhere.
func PrintError(w io.Writer, err error) {
	for _, e := range flatten(err) {
		var hint *HintError
		if !errors.As(e, &hint) {
			fmt.Fprintf(w, "error: %s\n", oneLine(e.Error()))
			continue
		}
		fmt.Fprintf(w, "error: %s\n", oneLine(hint.What))
		if hint.Why != "" {
			fmt.Fprintf(w, "  why: %s\n", oneLine(hint.Why))
		}
		for _, fix := range hint.Fix {
			fmt.Fprintf(w, "  fix: %s\n", oneLine(fix))
		}
	}
}

// PrintErrorJSON writes err for a program, each error in a line of its own:
// {"error":{"reason":…,"message":…,"fix":…}}.
func PrintErrorJSON(w io.Writer, err error) {
	for _, e := range flatten(err) {
		var line struct {
			Error struct {
				Reason  string `json:"reason"`
				Message string `json:"message"`
				Fix     string `json:"fix,omitempty"`
			} `json:"error"`
		}
		line.Error.Reason, line.Error.Message = "failed", e.Error()
		var hint *HintError
		if errors.As(e, &hint) {
			line.Error.Message, line.Error.Fix = hint.Error(), strings.Join(hint.Fix, "; ")
			if hint.Reason != "" {
				line.Error.Reason = hint.Reason
			}
		}
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(line) // an error of writing can be reported nowhere
	}
}

// flatten returns the errors that errors.Join has joined, without interruptions.
func flatten(err error) []error {
	switch parts := joined(err); {
	case err == nil:
		return nil
	case parts != nil:
		var all []error
		for _, e := range parts {
			all = append(all, flatten(e)...)
		}
		return all
	case errors.Is(err, ErrInterrupted):
		return nil
	}
	return []error{err}
}

// joined returns the errors that errors.Join has joined in err. For an error with a sentence of its
// own around several others joined returns nil, because the sentence would be lost.
func joined(err error) []error {
	j, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var lines []string
	for _, e := range j.Unwrap() {
		lines = append(lines, e.Error())
	}
	if strings.Join(lines, "\n") != err.Error() {
		return nil
	}
	return j.Unwrap()
}

// oneLine replaces control characters. Values may come from files and from the network; they must
// neither break a line nor control the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
