// Package meter holds the words that every part of Loadtide shares, and the knowledge about the
// values that meters send: what a unit means, how the readings of a register become energy, and
// when a value cannot be true.
//
// The words are ID (the name of a series), Quality, Kind, Unit, Reason, Source, Covariate, Section,
// and the intervals that series are forecast at. The functions serve the engine, the grid and the
// data sets:
//
//   - Convert takes the value of a reading to the unit of its series. KindOf gives the kind of a
//     series that names none. Neither turns energy into power or power into energy.
//   - Registers.Differ takes the raw readings of a register: those of the lateness window and the
//     last one before it, sorted by time, one a moment. The grid calls Differ with all of them
//     after each reading that arrives, and replaces the cells that it had. The result depends on
//     the readings, not on the order in which they came. Grid.First is the oldest cell that is
//     still in the window.
//   - Past.Judge tries a value before it becomes cell n, with Newest n-1. When Judge gives a
//     Flag, the cell becomes BAD and holds a fill instead of the value. In a replay the engine
//     judges the cells again in order, with Known less by as many cells as Newest lies behind the
//     end of the ring. A ring of LookDays and the lateness window gives the same verdicts then.
//     A value that its sender calls bad is not judged; its BAD cell counts like a judged one.
//
// How many BAD cells follow each other is read from the ring. The package remembers nothing.
//
// Package meter imports no other package of Loadtide. It reads no clock and does no I/O, and the
// functions that the engine calls for each reading allocate nothing.
package meter
