// Package grid puts the readings of a meter onto the grid of its series. The stream, files,
// history, replay and backtest all call it, so the same readings give the same cells everywhere.
//
// Start with State.Put: one reading goes in; the cells that are new or have another value come
// out, and a decision about the reading. A State learns how its meter sends: the step from one
// reading to the next, the interval of the cells and their phase. It never takes them from the
// first reading: the time that steps cover is the evidence, and later evidence may outweigh
// earlier.
//
//   - A new series keeps its readings for a day and follows the evidence at once: all cells are
//     made again when the evidence points to another grid (Outcome.Rebuilt).
//   - After that another grid counts after a day of evidence, and the caller brings its past over
//     with Convert (Outcome.Was).
//   - What a step changes within a day is in the cells at once: three steps of one length in a
//     row say what time each reading stands for. Power off the grid, four readings in a row, is
//     held from one reading to the next.
//   - Readings may be lost: a longer gap that is a multiple of the step is evidence of it.
//
// A State keeps readings only while they are not the cells themselves: of meters that send more
// finely than their interval, at irregular moments or off the grid, and registers. Most series
// have none: one reading is one cell, and the caller's ring is the memory (Past).
//
// The package is pure: it reads no clock and does no I/O. A State belongs to one goroutine.
package grid
