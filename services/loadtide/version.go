package main

import (
	"fmt"
	"runtime"

	"github.com/loadtide/loadtide/pkg/nn"
)

// versionCmd prints what is running.
type versionCmd struct{}

// Run prints one line.
func (versionCmd) Run(e *env) error {
	_, err := fmt.Fprintf(
		e.stdout, "loadtide %s%s %s %s/%s, kernels %s\n", version, commitNote(), runtime.Version(),
		runtime.GOOS, runtime.GOARCH, nn.Kernel(),
	)
	return err
}

func commitNote() string {
	if commit == "" {
		return ""
	}
	return " (" + commit + ")"
}
