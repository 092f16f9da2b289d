package checkpoint

import (
	"errors"
	"io"
	"os"

	"github.com/loadtide/loadtide/pkg/durable"
)

// fileSystem is what File needs of a disk. Tests put one in that fails on its nth call and that
// drops what was not synced.
type fileSystem interface {
	durable.FS
	MkdirAll(dir string) error
	// ReadDir returns the names in dir.
	ReadDir(dir string) (names []string, err error)
	Open(path string) (f io.ReadCloser, size int64, err error)
}

// disk is the real file system.
type disk struct{ durable.Disk }

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

// Open opens a plain file. It refuses any other file without opening it: the opening of a pipe
// would wait for its other end without limit.
func (disk) Open(path string) (io.ReadCloser, int64, error) {
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
