// Package simulator simulates electricity meters: households with heat pumps, solar panels or cars,
// flats, trade, farms and industry, on sites with zones, holidays and weather of their own. The
// load is a function of seed, meter and time. It has days, weeks, seasons and habits to learn, and
// within the hour kettles, compressors, clouds and chargers. On demand readings go wrong, as a
// function of the same seed, meter and time.
//
// Start with [Service], which publishes readings by the demo's clock, or with [Fleet], which only
// has the load. [ParseFaults] reads the names of faults; [WriteCSV] and [SpoilCSV] write files with
// faults. `loadtide up --demo` and `loadtide simulate` run it:
//
//	150 days ago                    30 days ago                now
//	  | history, 10 days a step       | an hour every 2 s        | each interval as it ends
//	  +---> Publisher, acknowledged ---> clock file (seed, base, next time) ---> next step
//
// A second run publishes the same values: after a crash the last step is repeated, and a repeat of
// the same value changes nothing.
package simulator
