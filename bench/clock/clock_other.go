//go:build !unix

package clock

import "time"

// Process is the time since the start. On Unix it is the time of the processor, which this package
// asks no other system for.
func Process() time.Duration { return time.Since(started) }
