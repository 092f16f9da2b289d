// Package durabletest holds a disk in memory that fails on its nth call and that can lose power.
//
// Start with Disk. The tests of pkg/durable and pkg/checkpoint use it. Only tests may import it.
package durabletest
