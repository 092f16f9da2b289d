package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
)

// failFS is a disk in memory that keeps two images: what is seen, and what
// would be found after a loss of power. Each call counts; from call failAt on
// (until failUntil) calls fail, a write after half of its bytes.
type failFS struct {
	seen, durable map[string]*inode
	calls         int
	failAt        int // 0: never
	failUntil     int
}

type inode struct{ data, synced []byte }

var errDisk = errors.New("input/output error")

func newFailFS() *failFS { return &failFS{seen: map[string]*inode{}, durable: map[string]*inode{}} }

func (f *failFS) fail() error {
	f.calls++
	if f.failAt > 0 && f.calls >= f.failAt && f.calls < f.failUntil {
		return errDisk
	}
	return nil
}

func (f *failFS) MkdirAll(string) error { return f.fail() }

func (f *failFS) ReadDir(dir string) ([]string, error) {
	var names []string
	for p := range f.seen {
		if filepath.Dir(p) == dir {
			names = append(names, filepath.Base(p))
		}
	}
	slices.Sort(names)
	return names, f.fail()
}

func (f *failFS) Create(path string) (writeFile, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	n := &inode{}
	f.seen[path] = n
	return &failFile{fs: f, inode: n}, nil
}

func (f *failFS) Open(path string) (readFile, int64, error) {
	n, ok := f.seen[path]
	if !ok {
		return nil, 0, fs.ErrNotExist
	}
	return &failFile{fs: f, inode: n}, int64(len(n.data)), f.fail()
}

func (f *failFS) Rename(from, to string) error {
	if err := f.fail(); err != nil {
		return err
	}
	f.seen[to] = f.seen[from]
	delete(f.seen, from)
	return nil
}

func (f *failFS) Remove(path string) error {
	if err := f.fail(); err != nil {
		return err
	}
	delete(f.seen, path)
	return nil
}

func (f *failFS) SyncDir(dir string) error {
	if err := f.fail(); err != nil {
		return err
	}
	for p := range f.durable {
		if _, ok := f.seen[p]; !ok && filepath.Dir(p) == dir {
			delete(f.durable, p)
		}
	}
	for p, n := range f.seen {
		if filepath.Dir(p) == dir {
			f.durable[p] = n
		}
	}
	return nil
}

// crash gives the disk that is found after a loss of power. Names that were not
// synced are lost or, when namesLast, kept, as some file systems do; bytes that
// were not synced are lost either way.
func (f *failFS) crash(namesLast bool) *failFS {
	after := newFailFS()
	names := f.durable
	if namesLast {
		names = f.seen
	}
	for p, n := range names {
		m := &inode{data: bytes.Clone(n.synced), synced: n.synced}
		after.seen[p], after.durable[p] = m, m
	}
	return after
}

type failFile struct {
	fs    *failFS
	inode *inode
	at    int
}

func (w *failFile) Write(p []byte) (int, error) {
	if err := w.fs.fail(); err != nil {
		w.inode.data = append(w.inode.data, p[:len(p)/2]...)
		return len(p) / 2, err
	}
	w.inode.data = append(w.inode.data, p...)
	return len(p), nil
}

func (w *failFile) Read(p []byte) (int, error) {
	if err := w.fs.fail(); err != nil {
		return 0, err
	}
	if w.at == len(w.inode.data) {
		return 0, io.EOF
	}
	n := copy(p, w.inode.data[w.at:])
	w.at += n
	return n, nil
}

func (w *failFile) Sync() error {
	if err := w.fs.fail(); err != nil {
		return err
	}
	w.inode.synced = bytes.Clone(w.inode.data)
	return nil
}

func (w *failFile) Close() error { return w.fs.fail() }

func at(seq uint64) *Snapshot {
	s := tiny()
	s.Header.Seq = seq
	s.Sections[0].Data = bytes.Repeat([]byte{byte(seq)}, 100_000) // more than one write
	return s
}

// whatIsThere loads from a disk that works again and checks that it is whole.
func whatIsThere(t *testing.T, disk *failFS, when string) uint64 {
	t.Helper()
	store, err := newFile(disk, "d", 2)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	s, skipped, err := store.Load(context.Background(), 1)
	if err != nil || len(skipped) != 0 {
		t.Fatalf("%s: skipped %v, error %v", when, skipped, err)
	}
	if s == nil {
		return 0
	}
	if want := at(s.Header.Seq); !bytes.Equal(s.Sections[0].Data, want.Sections[0].Data) {
		t.Fatalf("%s: sequence %d has another's bytes", when, s.Header.Seq)
	}
	return s.Header.Seq
}

// Each call of the disk fails once, or from there on, while sequence 4 is saved
// over 1 to 3: what is found then and after a loss of power is whole, is 3 or 4,
// and is 4 if Save said so.
func TestEveryCallOfTheDiskFails(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, forGood := range []bool{false, true} {
		for call := 1; ; call++ {
			disk := newFailFS()
			store, err := newFile(disk, "d", 2)
			if err != nil {
				t.Fatal(err)
			}
			for seq := uint64(1); seq <= 3; seq++ {
				if err := store.Save(ctx, at(seq)); err != nil {
					t.Fatal(err)
				}
			}
			disk.failAt = disk.calls + call
			disk.failUntil = disk.failAt + 1
			if forGood {
				disk.failUntil = 1 << 30
			}
			err = store.Save(ctx, at(4))
			reached := disk.calls >= disk.failAt
			disk.failAt = 0
			if reached && err == nil {
				t.Fatalf("call %d failed and save said nothing", call)
			}
			for when, found := range map[string]uint64{
				"at once":                    whatIsThere(t, disk, "at once"),
				"after power, names lost":    whatIsThere(t, disk.crash(false), "after power, names lost"),
				"after power, names written": whatIsThere(t, disk.crash(true), "after power, names written"),
			} {
				if found != 4 && (found != 3 || err == nil) {
					t.Errorf("call %d, for good %v, %s: found %d, save said %v", call, forGood, when, found, err)
				}
			}
			if err := store.Save(ctx, at(5)); err != nil {
				t.Fatalf("call %d: the next save: %v", call, err)
			}
			if found := whatIsThere(t, disk.crash(false), "after the next save"); found != 5 {
				t.Errorf("call %d: after the next save found %d", call, found)
			}
			if len(disk.seen) > 3 {
				t.Errorf("call %d: %d files stay", call, len(disk.seen))
			}
			if !reached {
				if call < 10 {
					t.Fatalf("a save makes only %d calls", call)
				}
				break
			}
		}
	}
}

// Power is lost before each call of the disk in turn.
func TestPowerIsLostAtEveryCall(t *testing.T) {
	t.Parallel()
	disk := newFailFS()
	store, err := newFile(disk, "d", 2)
	if err != nil {
		t.Fatal(err)
	}
	saved := uint64(0)
	watch := &crashingFS{failFS: disk, before: func(op string) {
		for _, namesLast := range []bool{false, true} {
			when := fmt.Sprintf("power lost before %s after sequence %d", op, saved)
			if found := whatIsThere(t, disk.crash(namesLast), when); found < saved || found > saved+1 {
				t.Errorf("%s: found %d", when, found)
			}
		}
	}}
	store.fs = watch
	for seq := uint64(1); seq <= 5; seq++ {
		if err := store.Save(context.Background(), at(seq)); err != nil {
			t.Fatal(err)
		}
		saved = seq
	}
}

// crashingFS calls before ahead of each operation on names.
type crashingFS struct {
	*failFS
	before func(op string)
}

func (c *crashingFS) Create(path string) (writeFile, error) {
	c.before("create " + path)
	return c.failFS.Create(path)
}

func (c *crashingFS) Rename(from, to string) error {
	c.before("rename to " + to)
	return c.failFS.Rename(from, to)
}

func (c *crashingFS) Remove(path string) error {
	c.before("remove " + path)
	return c.failFS.Remove(path)
}

func (c *crashingFS) SyncDir(dir string) error {
	c.before("sync " + dir)
	defer c.before("the end of sync " + dir)
	return c.failFS.SyncDir(dir)
}

// Load must not take a disk that fails to read for a partition without checkpoints.
func TestLoadFromAFailingDisk(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for call := 1; ; call++ {
		disk := newFailFS()
		store, err := newFile(disk, "d", 2)
		if err != nil {
			t.Fatal(err)
		}
		for seq := uint64(1); seq <= 2; seq++ {
			if err := store.Save(ctx, at(seq)); err != nil {
				t.Fatal(err)
			}
		}
		disk.failAt, disk.failUntil = disk.calls+call, 1<<30
		s, _, err := store.Load(ctx, 1)
		if disk.calls < disk.failAt {
			break
		}
		if s == nil && err == nil {
			t.Errorf("call %d: a failing disk looks empty", call)
		}
		if err != nil && !errors.Is(err, errDisk) {
			t.Errorf("call %d: %v", call, err)
		}
	}
}

// A second save of a partition while the first is under way is refused: the two
// would write the same file.
func TestSavesOfAPartitionDoNotOverlap(t *testing.T) {
	t.Parallel()
	disk := newFailFS()
	store, err := newFile(disk, "d", 2)
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	store.fs = &crashingFS{failFS: disk, before: func(string) {
		tried++
		if err := store.Save(context.Background(), at(9)); err == nil {
			t.Error("overlapping save was accepted")
		}
	}}
	if err := store.Save(context.Background(), at(1)); err != nil || tried == 0 {
		t.Fatalf("save: %v after %d tries", err, tried)
	}
}
