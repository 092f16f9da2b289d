// Package dataset turns past readings into what training and judging read:
// histories on a grid, cuts by time alone, and windows in the layout of a
// network.
//
// Start with Builder, which takes readings in any order and gives Histories.
// Sampler draws training windows of them; every number in a window comes from
// pkg/series, the same functions that serve (I5).
//
// It must never look at a cell later than the cut it was given.
package dataset
