// Package checkpoint keeps the state of a partition together with the position in the partition's
// log up to which the state is true.
//
// Start with Store. The forecaster saves a Snapshot at intervals and loads the newest whole one
// when a partition starts; `loadtide state` reads the same files. File keeps snapshots in a folder.
//
// The package knows positions, names and bytes. It never interprets the bytes of a section, never
// returns bytes whose checksum is wrong, and never deletes a file that it could not read.
//
// I3: package durable writes the files, so a file under a checkpoint's name was whole when it was
// written. CRC32C over every part of the file finds damage since then.
package checkpoint
