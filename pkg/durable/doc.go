// Package durable writes files and folders that are whole or absent (I3): what stands under a name
// was written under another name, synced, renamed, and its folder synced.
//
// Start with File for one file and Folder for a folder of files. Checkpoints, models, the registry,
// the simulator's clock and every file that a command writes for a person go through this package.
// It knows no format and no name. It never changes a file in place, and it never returns nil before
// the disk has everything.
package durable
