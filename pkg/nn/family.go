package nn

import "github.com/loadtide/loadtide/pkg/nn/kernel"

// Kernel names the family of kernels that compute here: avx512, avx2 or go. States and
// forecasts of avx512 and avx2 are equal to the bit; others to 1e-5.
func Kernel() string { return kernel.Active().String() }

// CheckKernel says whether the environment asks for a family that is not here.
func CheckKernel() error { return kernel.Check() }
