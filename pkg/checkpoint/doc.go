// Package checkpoint keeps what a partition remembers, together with the place
// in the partition's log up to which it is true.
//
// Start with Store. The forecaster saves a Snapshot every now and then and
// loads the newest whole one when a partition starts; `loadtide state` reads
// the same files. File writes them to a folder, Memory holds them for tests.
//
// The package knows positions, names and bytes. It must never know what the
// bytes of a section mean, never serve bytes whose checksum does not hold, and
// never delete a file that it could not read.
//
// I3: a file is written under another name, synced, renamed and its folder
// synced, so what stands under a checkpoint's name was whole once. What has been
// damaged since is found by CRC32C over every part of the file.
package checkpoint
