// Package meter knows what meters send: what a unit means, how the readings of
// a register become energy, and when a value cannot be true.
//
// Start with Past.Judge for lying meters, Registers for cumulative ones,
// ParseUnit and Convert for units. The engine calls them:
//
//   - A reading's unit is converted to the unit of its series by Convert; kinds
//     default by KindOf. Energy and power are never turned into each other here.
//   - Of a register the engine keeps the raw readings of the lateness window and
//     the last one before it, sorted by time, one a moment. After each that arrives
//     it calls Registers.Differ with all of them and takes the cells that come out
//     in place of those it had: the result depends on the readings, not on the
//     order in which they came. Grid.First is the oldest cell still in the window.
//   - A value about to be put into cell n is tried by Past.Judge with Newest n-1.
//     A Reason makes the cell BAD and a fill takes its place. In a replay cells are
//     judged again in order, with Known less by as many cells as Newest lies behind
//     the end of the ring. A ring of LookDays and the lateness window gives the
//     same verdicts then. A value that the sender itself calls bad needs no
//     verdict; its BAD cell counts as one.
//
// The counter of flags in a row is in the ring: nothing else is remembered.
//
// Nothing here reads a clock, does I/O, or allocates on the way of a reading.
package meter
