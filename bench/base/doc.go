// Command base makes the base models of pkg/model/base: one network for each interval, trained on
// public series of which the licence allows it, for meters that have no model of their own yet.
//
//	go run ./bench/base -interval 1h -out pkg/model/base
//	go run ./bench/base -interval 1h -folds
//
// The first command trains on all sources and writes the model and its card. The second one leaves a
// fifth of the sources out of each of five fits, and prints how good the network is on these.
package main
