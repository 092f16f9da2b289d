package checkpoint

import (
	"errors"
	"io"
	"os"
)

// fileSystem is what File needs of a disk. It stands between them so that tests
// can fail the nth call and drop what was not synced.
type fileSystem interface {
	MkdirAll(dir string) error
	ReadDir(dir string) (names []string, err error)
	Create(path string) (writeFile, error)
	Open(path string) (f readFile, size int64, err error)
	Rename(from, to string) error
	Remove(path string) error
	// SyncDir makes the names in dir durable.
	SyncDir(dir string) error
}

type writeFile interface {
	io.Writer
	Sync() error
	Close() error
}

type readFile interface {
	io.Reader
	Close() error
}

// disk is the real file system.
type disk struct{}

func (disk) MkdirAll(dir string) error { return os.MkdirAll(dir, 0o755) }

func (disk) ReadDir(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (disk) Create(path string) (writeFile, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
}

func (disk) Open(path string) (readFile, int64, error) {
	// What is not a plain file is refused before it is opened: opening a pipe
	// waits for its other end for ever.
	if info, err := os.Stat(path); err != nil {
		return nil, 0, err
	} else if !info.Mode().IsRegular() {
		return nil, 0, errors.New("not a plain file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // the fault of Stat is the one to tell
		return nil, 0, err
	}
	return f, info.Size(), nil
}

func (disk) Rename(from, to string) error { return os.Rename(from, to) }
func (disk) Remove(path string) error     { return os.Remove(path) }
func (disk) SyncDir(dir string) error     { return syncDir(dir) }
