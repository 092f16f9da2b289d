// Package kernel holds the loops that nn and train spend their time in: small
// matrix products and activations over flat row-major slices.
//
// Start with Gemm. Callers are nn (serving) and train (the fused operations of
// the training graph). A kernel never allocates, never starts a goroutine and
// never depends on how many rows it is handed: the sums of a row run in one
// fixed order, see mulAdd. On platforms whose compiler fuses a*b+c (arm64) results
// differ from others within 1e-5.
package kernel
