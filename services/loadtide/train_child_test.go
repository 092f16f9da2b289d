package main

import (
	"io"
	"testing"
	"time"
)

// The context of a child ends when the pipe to its standard input closes, and its release returns.
func TestChildEndsWithItsParent(t *testing.T) {
	for _, first := range []string{"parent", "child"} {
		t.Run(first+" ends first", func(t *testing.T) {
			stdin, parent := io.Pipe()
			defer func() { _ = parent.Close() }()
			c := trainCmd{Child: true}
			ctx, release := c.context(
				&env{stdin: stdin, stdout: io.Discard, stderr: io.Discard}, newScreen(io.Discard))
			if ctx.Err() != nil {
				t.Fatal("the context of a child ended while its parent runs")
			}
			if first == "parent" {
				_ = parent.Close()
				defer release()
			} else {
				release()
			}
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Second):
				t.Fatal("the context of a child goes on")
			}
		})
	}
}
