package durable

import (
	"io"
	"io/fs"
	"os"
)

// FS is what this package needs of a disk. Disk is the real one; durabletest has one that fails.
type FS interface {
	// Mkdir makes a folder; its parent must exist.
	Mkdir(dir string) error
	// Create opens a file to write. A file that exists is emptied; mode is that of a new one.
	Create(path string, mode fs.FileMode) (OpenFile, error)
	// Rename moves a file over another one, or a folder to a name that is free.
	Rename(from, to string) error
	// Remove removes a file, or a folder with everything in it. A path that does not exist is no
	// error.
	Remove(path string) error
	// SyncDir makes the names in a folder durable.
	SyncDir(dir string) error
}

// OpenFile is an open file of an FS, to be written.
type OpenFile interface {
	io.Writer
	// Sync makes what was written durable.
	Sync() error
	Close() error
}

// Disk is the file system of this machine.
type Disk struct{}

// Mkdir implements FS.
func (Disk) Mkdir(dir string) error { return os.Mkdir(dir, 0o755) }

// Create implements FS.
func (Disk) Create(path string, mode fs.FileMode) (OpenFile, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
}

// Rename implements FS.
func (Disk) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements FS.
func (Disk) Remove(path string) error { return os.RemoveAll(path) }

// SyncDir implements FS.
func (Disk) SyncDir(dir string) error { return SyncDir(dir) }
