package main

import (
	"errors"

	"github.com/loadtide/loadtide/pkg/service"
)

// usageError says that the command line is wrong, and how to mend it.
func usageError(what, fix string) error {
	hint := &service.HintError{What: what, Fix: []string{fix}, Reason: "usage"}
	return service.WithExitCode(hint, service.ExitUsage)
}

// busError gives an error of the bus its remedy; other errors pass.
func busError(err error) error {
	var remedied interface {
		error
		Remedy() string
	}
	if errors.As(err, &remedied) {
		return &service.HintError{What: err.Error(), Fix: []string{remedied.Remedy()}, Err: err}
	}
	return err
}
