//go:build !amd64

package kernel

// mulAdd is s + a*b, rounded as the platform does it fastest. arm64 fuses every one,
// so that a row does not depend on the tile it falls into there either.
func mulAdd[T Float](s, a, b T) T { return s + a*b }
