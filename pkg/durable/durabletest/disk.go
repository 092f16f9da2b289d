package durabletest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/loadtide/loadtide/pkg/durable"
)

// ErrDisk is the failure of a call that fails on purpose.
var ErrDisk = errors.New("input/output error")

// Disk is a file system in memory that keeps two images: what a process sees, and what it would
// find after a loss of power. It is a durable.FS. One goroutine uses it.
type Disk struct {
	// Before, when it is not nil, is called ahead of each operation on names with a text for
	// messages, and once more after a sync of a folder.
	Before func(op string)

	root      *node
	calls     int
	failAt    int // 0 means never
	failUntil int
}

// node is a file or a folder.
type node struct {
	data, synced  []byte // of a file
	seen, durable map[string]*node
}

func (n *node) isDir() bool { return n.seen != nil }

func newDir() *node { return &node{seen: map[string]*node{}, durable: map[string]*node{}} }

// New returns an empty disk.
func New() *Disk { return &Disk{root: newDir()} }

// Fail makes the nth call from now on fail, the first being 1; forGood makes all later ones fail
// too. A write that fails has written half of its bytes.
func (d *Disk) Fail(nth int, forGood bool) {
	d.failAt = d.calls + nth
	d.failUntil = d.failAt + 1
	if forGood {
		d.failUntil = 1 << 30
	}
}

// Mend ends the failures. It reports whether a call has failed since Fail.
func (d *Disk) Mend() (failed bool) {
	failed = d.failAt > 0 && d.calls >= d.failAt
	d.failAt = 0
	return failed
}

func (d *Disk) call() error {
	d.calls++
	if d.failAt > 0 && d.calls >= d.failAt && d.calls < d.failUntil {
		return ErrDisk
	}
	return nil
}

func (d *Disk) before(op string) {
	if d.Before != nil {
		d.Before(op)
	}
}

// Crash returns the disk that is found after a loss of power. Bytes that were not synced are lost.
// Names that were not synced are lost too, or, with namesKept, are there, as on some file systems.
func (d *Disk) Crash(namesKept bool) *Disk { return &Disk{root: d.root.crash(namesKept)} }

func (n *node) crash(namesKept bool) *node {
	if !n.isDir() {
		return &node{data: bytes.Clone(n.synced), synced: n.synced}
	}
	names, after := n.durable, newDir()
	if namesKept {
		names = n.seen
	}
	for name, inner := range names {
		after.seen[name] = inner.crash(namesKept)
	}
	after.durable = maps.Clone(after.seen)
	return after
}

// find returns the node at path; nil when there is none.
func (d *Disk) find(path string) *node {
	n := d.root
	for name := range strings.SplitSeq(filepath.ToSlash(filepath.Clean(path)), "/") {
		if n == nil || name == "." {
			continue
		}
		n = n.seen[name]
	}
	return n
}

// parent returns the folder that path lies in, and the last name of path.
func (d *Disk) parent(path string) (*node, string, error) {
	n := d.find(filepath.Dir(path))
	if n == nil || !n.isDir() {
		return nil, "", &fs.PathError{Op: "find", Path: filepath.Dir(path), Err: fs.ErrNotExist}
	}
	return n, filepath.Base(path), nil
}

// Mkdir implements durable.FS.
func (d *Disk) Mkdir(dir string) error {
	d.before("make folder " + dir)
	if err := d.call(); err != nil {
		return err
	}
	in, name, err := d.parent(dir)
	if err != nil {
		return err
	}
	if in.seen[name] != nil {
		return &fs.PathError{Op: "mkdir", Path: dir, Err: fs.ErrExist}
	}
	in.seen[name] = newDir()
	return nil
}

// MkdirAll makes a folder and its parents, all of them durable.
func (d *Disk) MkdirAll(dir string) error {
	if err := d.call(); err != nil {
		return err
	}
	n := d.root
	for name := range strings.SplitSeq(filepath.ToSlash(filepath.Clean(dir)), "/") {
		if n.seen[name] == nil {
			made := newDir()
			n.seen[name], n.durable[name] = made, made
		}
		n = n.seen[name]
	}
	return nil
}

// ReadDir returns the names in a folder, sorted.
func (d *Disk) ReadDir(dir string) ([]string, error) {
	if err := d.call(); err != nil {
		return nil, err
	}
	n := d.find(dir)
	if n == nil {
		return nil, &fs.PathError{Op: "read", Path: dir, Err: fs.ErrNotExist}
	}
	return slices.Sorted(maps.Keys(n.seen)), nil
}

// Create implements durable.FS.
func (d *Disk) Create(path string, _ fs.FileMode) (durable.OpenFile, error) {
	d.before("create " + path)
	if err := d.call(); err != nil {
		return nil, err
	}
	in, name, err := d.parent(path)
	if err != nil {
		return nil, err
	}
	if in.seen[name] == nil {
		in.seen[name] = &node{}
	}
	in.seen[name].data = nil
	return &file{disk: d, node: in.seen[name]}, nil
}

// Open opens a file to read.
func (d *Disk) Open(path string) (f io.ReadCloser, size int64, err error) {
	n := d.find(path)
	if n == nil {
		return nil, 0, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return &file{disk: d, node: n}, int64(len(n.data)), d.call()
}

// Rename implements durable.FS.
func (d *Disk) Rename(from, to string) error {
	d.before("rename to " + to)
	if err := d.call(); err != nil {
		return err
	}
	out, old, err := d.parent(from)
	if err != nil {
		return err
	}
	in, name, err := d.parent(to)
	if err != nil {
		return err
	}
	moved, there := out.seen[old], in.seen[name]
	switch {
	case moved == nil:
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	case there != nil && (moved.isDir() || there.isDir()):
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	in.seen[name] = moved
	delete(out.seen, old)
	return nil
}

// Remove implements durable.FS.
func (d *Disk) Remove(path string) error {
	d.before("remove " + path)
	if err := d.call(); err != nil {
		return err
	}
	in, name, err := d.parent(path)
	if err == nil {
		delete(in.seen, name)
	}
	return nil
}

// SyncDir implements durable.FS.
func (d *Disk) SyncDir(dir string) error {
	d.before("sync " + dir)
	if err := d.call(); err != nil {
		return err
	}
	n := d.find(dir)
	if n == nil {
		return &fs.PathError{Op: "sync", Path: dir, Err: fs.ErrNotExist}
	}
	n.durable = maps.Clone(n.seen)
	d.before("the end of sync " + dir)
	return nil
}

// file is an open file.
type file struct {
	disk *Disk
	node *node
	at   int
}

func (f *file) Write(p []byte) (int, error) {
	err := f.disk.call()
	if err != nil {
		p = p[:len(p)/2]
	}
	f.node.data = append(f.node.data, p...)
	return len(p), err
}

func (f *file) Read(p []byte) (int, error) {
	if err := f.disk.call(); err != nil {
		return 0, err
	}
	if f.at == len(f.node.data) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[f.at:])
	f.at += n
	return n, nil
}

func (f *file) Sync() error {
	if err := f.disk.call(); err != nil {
		return err
	}
	f.node.synced = bytes.Clone(f.node.data)
	return nil
}

func (f *file) Close() error { return f.disk.call() }
