// Package simulator plays electricity meters: households with heat pumps, solar panels or cars, flats, trade, farms and
// industry on sites with zones, holidays and weather of their own, whose load has days, weeks, seasons and habits to
// learn, as a pure function of seed, meter and hour. On demand their readings go wrong, as a function of the same.
//
// Start with [Service], which publishes them by the demo's clock, or with [Fleet] for the load alone. [ParseFaults] names
// the faults, [WriteCSV] and [SpoilCSV] write files that have them. `loadtide up
// --demo` and `loadtide simulate` run it:
//
//	150 days ago                    30 days ago              now
//	  | history, 10 days a message    | an hour every 2 s      | each hour as it ends
//	  +---> Publisher, acknowledged ---> clock file (seed, base, next hour) ---> next step
//
// It must never publish a value that a second run would not publish again: after a crash the last step is repeated, and
// a repeat of the same value changes nothing.
package simulator
