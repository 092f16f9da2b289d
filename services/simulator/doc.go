// Package simulator plays electricity meters: households, flats and shops whose load has days, weeks, weather and
// habits to learn, as a pure function of seed, meter and hour.
//
// Start with [Service], which publishes them by the demo's clock, or with [Fleet] for the load alone. `loadtide up
// --demo` and `loadtide simulate` run it:
//
//	150 days ago                    30 days ago              now
//	  | history, 10 days a message    | an hour every 2 s      | each hour as it ends
//	  +---> Publisher, acknowledged ---> clock file (seed, base, next hour) ---> next step
//
// It must never publish a value that a second run would not publish again: after a crash the last step is repeated, and
// a repeat of the same value changes nothing.
package simulator
