package nn

// Kernel names the family of kernels that compute here. States and forecasts
// are equal to the bit within a family; across families to 1e-5.
func Kernel() string { return "go" }
