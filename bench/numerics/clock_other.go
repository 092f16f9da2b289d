//go:build !unix

package main

import "time"

// processTime is the time that has passed: this system is asked nothing finer.
func processTime() time.Duration { return time.Since(started) }
