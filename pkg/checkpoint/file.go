package checkpoint

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/loadtide/loadtide/pkg/durable"
)

// File is a Store that keeps snapshots in one folder, a file each. The files are named
// p<partition>-<sequence, 20 digits>.ckpt, so that names sort by position.
type File struct {
	fs   fileSystem
	dir  string
	keep int

	mu     sync.Mutex
	saving map[int]bool    // partitions whose Save runs
	whole  map[string]bool // by name, for files that this process has written or read
}

// bufferSize is enough for the small parts of a file. Chunks are larger and are not buffered.
const bufferSize = 64 << 10

// NewFile returns a store in dir that keeps the newest keep snapshots of each partition. It makes
// the folder if it does not exist. Errors: *FolderError when the folder cannot be read or written.
func NewFile(dir string, keep int) (*File, error) { return newFile(disk{}, dir, keep) }

func newFile(fsys fileSystem, dir string, keep int) (*File, error) {
	if keep < 1 {
		return nil, fmt.Errorf("checkpoint folder %s: keep %d: must be at least 1", dir, keep)
	}
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, &FolderError{Dir: dir, Op: "make", Err: err}
	}
	if _, err := fsys.ReadDir(dir); err != nil {
		return nil, &FolderError{Dir: dir, Op: "read", Err: err}
	}
	probe := filepath.Join(dir, "probe"+temporary)
	f, err := fsys.Create(probe, 0o644)
	if err == nil {
		err = errors.Join(f.Close(), fsys.Remove(probe))
	}
	if err != nil {
		return nil, &FolderError{Dir: dir, Op: "write to", Err: err}
	}
	return &File{
		fs: fsys, dir: dir, keep: keep, saving: map[int]bool{}, whole: map[string]bool{},
	}, nil
}

// Save implements Store. After an error the file may exist; if it does, it is whole. After a
// success Save removes whole files of lower sequences beyond the ones to keep. Damaged files stay,
// so that a person can look at them.
func (f *File) Save(ctx context.Context, s *Snapshot) error {
	p, seq := s.Header.Partition, s.Header.Seq
	if !f.begin(p) {
		return fmt.Errorf("save checkpoint of partition %d: another save of this partition is "+
			"running", p)
	}
	defer f.end(p)

	name := fileName(p, seq)
	path := filepath.Join(f.dir, name)
	whole := durable.File{Path: path, Temp: path + temporary, FS: f.fs}
	err := whole.Write(func(w io.Writer) error {
		buf := bufio.NewWriterSize(contextWriter{ctx, w}, bufferSize)
		if err := Encode(buf, s); err != nil {
			return err
		}
		return buf.Flush()
	})
	if err != nil { // a temporary file that stays is swept by a later Save
		return f.wrap(ctx, "save checkpoint "+path, err)
	}
	f.remember(name, true)
	if err := f.prune(ctx, p, seq); err != nil {
		return f.wrap(ctx, "remove older checkpoints of "+path, err)
	}
	return nil
}

func (f *File) wrap(ctx context.Context, op string, err error) error {
	if ctx.Err() == nil && errors.Is(err, fs.ErrPermission) {
		return &FolderError{Dir: f.dir, Op: "write to", Err: err}
	}
	return fmt.Errorf("%s: %w", op, err)
}

func (f *File) begin(partition int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.saving[partition] {
		return false
	}
	f.saving[partition] = true
	return true
}

func (f *File) end(partition int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.saving, partition)
}

// remember notes whether a file is whole, so that prune reads no file twice.
func (f *File) remember(name string, whole bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.whole[name] = whole
}

func (f *File) forget(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.whole, name)
}

// known returns what remember has noted.
func (f *File) known(name string) (whole, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	whole, known = f.whole[name]
	return whole, known
}

// prune removes temporary files of failed saves, and whole files below seq beyond the ones to keep.
func (f *File) prune(ctx context.Context, partition int, seq uint64) error {
	names, err := f.fs.ReadDir(f.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		inner, ok := strings.CutSuffix(name, temporary)
		if _, ours := parseName(inner, partition); ok && ours {
			if err := f.fs.Remove(filepath.Join(f.dir, name)); err != nil {
				return err
			}
		}
	}
	seqs, err := f.sequences(partition)
	if err != nil {
		return err
	}
	count := 1 // of the files that stay: seq itself
	for _, older := range seqs {
		if older >= seq || !f.isWhole(ctx, partition, older) {
			continue
		}
		if count++; count <= f.keep {
			continue
		}
		name := fileName(partition, older)
		if err := f.fs.Remove(filepath.Join(f.dir, name)); err != nil {
			return err
		}
		f.forget(name)
	}
	return ctx.Err()
}

// isWhole reports whether a file is whole. It reads each file once in the life of the process.
func (f *File) isWhole(ctx context.Context, partition int, seq uint64) bool {
	if whole, known := f.known(fileName(partition, seq)); known {
		return whole
	}
	_, err := f.read(ctx, partition, seq, verify)
	return err == nil
}

// contextWriter ends a long write when the context ends.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c contextWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}
