//go:build !unix

package main

import "time"

// processTime is the time since the start. On Unix it is the time of the processor, which this
// package asks no other system for.
func processTime() time.Duration { return time.Since(started) }
