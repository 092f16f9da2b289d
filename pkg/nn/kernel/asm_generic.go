//go:build !amd64 || purego

package kernel

// In this build there is only the family Go, and nobody calls these.

func gemmVector(Family, *product[float32])              { panic("kernel: no assembly in this build") }
func forwardVector(Family, *LSTMForwardArgs[float32])   { panic("kernel: no assembly in this build") }
func backwardVector(Family, *LSTMBackwardArgs[float32]) { panic("kernel: no assembly in this build") }
func peakVector(Family, int)                            { panic("kernel: no assembly in this build") }
