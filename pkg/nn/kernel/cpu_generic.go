//go:build !amd64 || purego

package kernel

// available are the families of this build.
func available() []Family { return []Family{Go} }
