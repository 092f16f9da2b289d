package checkpoint_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/checkpoint"
	"github.com/loadtide/loadtide/pkg/checkpoint/checkpointtest"
	"github.com/loadtide/loadtide/pkg/meter"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	checkpointtest.Run(t, func(*testing.T) checkpoint.Store { return checkpointtest.NewMemory() })
}

func open(t *testing.T, dir string, keep int) *checkpoint.File {
	t.Helper()
	f, err := checkpoint.NewFile(dir, keep)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFile(t *testing.T) {
	t.Parallel()
	checkpointtest.Run(t, func(t *testing.T) checkpoint.Store {
		return open(t, filepath.Join(t.TempDir(), "a", "b"), 3)
	})
}

func save(t *testing.T, s checkpoint.Store, partition int, seqs ...uint64) {
	t.Helper()
	for _, seq := range seqs {
		if err := s.Save(context.Background(), checkpointtest.Snapshot(partition, seq)); err != nil {
			t.Fatal(err)
		}
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return strings.Join(out, " ")
}

func flip(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 4
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func path(dir, seq string) string {
	return filepath.Join(dir, "p1-"+strings.Repeat("0", 20-len(seq))+seq+".ckpt")
}

func TestSaveKeepsTheLast(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	save(t, open(t, dir, 3), 1, 1, 2, 3)
	save(t, open(t, dir, 3), 2, 9) // another partition has its own count
	leftover := path(dir, "2") + ".tmp"
	foreign := filepath.Join(dir, "notes.tmp")
	for _, p := range []string{leftover, foreign} {
		if err := os.WriteFile(p, []byte("torn"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	save(t, open(t, dir, 3), 1, 4, 10) // a new process knows none of the files yet
	want := "notes.tmp p1-00000000000000000003.ckpt p1-00000000000000000004.ckpt " +
		"p1-00000000000000000010.ckpt p2-00000000000000000009.ckpt"
	if got := names(t, dir); got != want {
		t.Errorf("files\n got %s\nwant %s", got, want)
	}
}

func TestDamagedOnesStayAndAreNotCounted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	save(t, open(t, dir, 3), 1, 1, 2, 3)
	flip(t, path(dir, "2"))
	save(t, open(t, dir, 3), 1, 4)
	for _, seq := range []string{"1", "2", "3", "4"} {
		if _, err := os.Stat(path(dir, seq)); err != nil {
			t.Errorf("sequence %s: %v", seq, err)
		}
	}
	save(t, open(t, dir, 3), 1, 5)
	if _, err := os.Stat(path(dir, "1")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("sequence 1 is beyond the three whole ones: %v", err)
	}
}

func TestLoadPassesOverDamagedOnes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, 3)
	save(t, s, 1, 1, 2, 3)
	flip(t, path(dir, "3"))
	if err := os.Truncate(path(dir, "2"), 100); err != nil {
		t.Fatal(err)
	}
	snap, skipped, err := s.Load(context.Background(), 1)
	if err != nil || snap == nil || snap.Header.Seq != 1 || len(skipped) != 2 {
		t.Fatalf("snap %v, skipped %v, error %v", snap, skipped, err)
	}
	for i, seq := range []string{"3", "2"} {
		var fe *checkpoint.FileError
		if !errors.As(skipped[i], &fe) || fe.Path != path(dir, seq) ||
			!errors.Is(fe, checkpoint.ErrDamaged) {
			t.Errorf("skipped %d: %v", i, skipped[i])
		}
	}
	if !strings.Contains(skipped[1].Error(), "cut short") {
		t.Errorf("fault not named: %v", skipped[1])
	}
	// A save between a damaged newer one and the whole older ones is kept.
	save(t, s, 1, 2)
	if snap, _, err := s.Load(context.Background(), 1); err != nil || snap.Header.Seq != 2 {
		t.Fatalf("snap %v, error %v", snap, err)
	}
}

func TestNoneWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, 3)
	save(t, s, 1, 1, 2, 3)
	flip(t, path(dir, "3"))
	if err := os.WriteFile(path(dir, "2"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path(dir, "1"), path(dir, "7")); err != nil { // whole, at another's place
		t.Fatal(err)
	}
	before := names(t, dir)
	snap, _, err := s.Load(context.Background(), 1)
	var none *checkpoint.NoneWholeError
	if snap != nil || !errors.As(err, &none) || len(none.Faults) != 3 || none.Dir != dir {
		t.Fatalf("snap %v, error %v", snap, err)
	}
	text := err.Error()
	for _, want := range []string{
		dir, "p1-00000000000000000002.ckpt", "sequence 1", "wrong checksum", "cut short",
		"move the folder away",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
	if strings.Contains(text, "\n") {
		t.Errorf("more than a line: %q", text)
	}
	if after := names(t, dir); after != before {
		t.Errorf("load changed the folder: %s, was %s", after, before)
	}
}

func TestWhatIsNotAPlainFileIsPassedOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, 3)
	save(t, s, 1, 1)
	if err := os.Mkdir(path(dir, "2"), 0o755); err != nil {
		t.Fatal(err)
	}
	snap, skipped, err := s.Load(context.Background(), 1)
	if err != nil || snap == nil || snap.Header.Seq != 1 || len(skipped) != 1 {
		t.Fatalf("snap %v, skipped %v, error %v", snap, skipped, err)
	}
}

func TestFolderThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, []byte("in the way"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := checkpoint.NewFile(dir, 3)
	var fe *checkpoint.FolderError
	if !errors.As(err, &fe) || fe.Dir != dir || !strings.Contains(err.Error(), "remedy") {
		t.Fatalf("error %v", err)
	}
	if _, err := checkpoint.NewFile(t.TempDir(), 0); err == nil {
		t.Error("keeping none was accepted")
	}
}

func ExampleFile() {
	dir, err := os.MkdirTemp("", "checkpoint")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	store, err := checkpoint.NewFile(dir, 3)
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	err = store.Save(ctx, &checkpoint.Snapshot{
		Header:   checkpoint.Header{Partition: 0, Partitions: 8, Stream: "R0", Seq: 81231, Series: 1},
		Sections: []meter.Section{{Name: "ring", Version: 1, Data: []byte{1, 2, 3}}},
	})
	if err != nil {
		panic(err)
	}
	snap, _, err := store.Load(ctx, 0)
	if err != nil {
		panic(err)
	}
	ring, _ := snap.Section("ring")
	os.Stdout.WriteString(snap.Header.Stream + " " + ring.Name + "\n")
	// Output: R0 ring
}
