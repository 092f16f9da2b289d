package durable_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/durable"
	"github.com/loadtide/loadtide/pkg/durable/durabletest"
)

// read returns what the disk has at path; "" when nothing is there.
func read(t *testing.T, disk *durabletest.Disk, path string) string {
	t.Helper()
	f, _, err := disk.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// images returns the disk as it is, and as it may be after a loss of power.
func images(disk *durabletest.Disk) map[string]*durabletest.Disk {
	return map[string]*durabletest.Disk{
		"at once":                 disk,
		"after power, names lost": disk.Crash(false),
		"after power, names kept": disk.Crash(true),
	}
}

func newDisk(t *testing.T) *durabletest.Disk {
	t.Helper()
	disk := durabletest.New()
	if err := disk.MkdirAll("d"); err != nil {
		t.Fatal(err)
	}
	return disk
}

// Each call of the disk fails once, or from there on. The file is the old one or the new one; it is
// the new one when Write succeeded.
func TestFileIsWholeWhateverFails(t *testing.T) {
	t.Parallel()
	for _, forGood := range []bool{false, true} {
		for call := 1; ; call++ {
			disk := newDisk(t)
			f := durable.File{Path: "d/f", FS: disk}
			if err := f.Write(durable.Bytes([]byte("old content"))); err != nil {
				t.Fatal(err)
			}
			disk.Fail(call, forGood)
			err := f.Write(durable.Bytes([]byte("new content")))
			failed := disk.Mend()
			if failed != (err != nil) || err != nil && !errors.Is(err, durabletest.ErrDisk) {
				t.Errorf("call %d failed %v, write said %v", call, failed, err)
			}
			for when, image := range images(disk) {
				got := read(t, image, "d/f")
				if got != "new content" && (got != "old content" || err == nil) {
					t.Errorf("call %d, for good %v, %s: %q, write said %v", call, forGood, when, got, err)
				}
			}
			names, _ := disk.ReadDir("d")
			if len(names) != 1 && !forGood {
				t.Errorf("call %d: %q stay", call, names)
			}
			if !failed {
				if call < 6 {
					t.Errorf("a file takes only %d calls", call-1)
				}
				break
			}
		}
	}
}

// Each call of the disk fails once, or from there on. The folder is whole or absent; it is whole
// when Write succeeded.
func TestFolderIsWholeOrAbsentWhateverFails(t *testing.T) {
	t.Parallel()
	for _, forGood := range []bool{false, true} {
		for call := 1; ; call++ {
			disk := newDisk(t)
			disk.Fail(call, forGood)
			err := durable.Folder{Path: "d/m", FS: disk}.Write(func(dir durable.Dir) error {
				if err := dir.WriteFile("a", durable.Bytes([]byte("one"))); err != nil {
					return err
				}
				return dir.WriteFile("b", durable.Bytes([]byte("two")))
			})
			failed := disk.Mend()
			if failed != (err != nil) || err != nil && !errors.Is(err, durabletest.ErrDisk) {
				t.Errorf("call %d failed %v, write said %v", call, failed, err)
			}
			for when, image := range images(disk) {
				got := read(t, image, "d/m/a") + read(t, image, "d/m/b")
				names, dirErr := image.ReadDir("d/m")
				absent := errors.Is(dirErr, fs.ErrNotExist)
				if got != "onetwo" && (!absent || err == nil) {
					t.Errorf(
						"call %d, for good %v, %s: %q holds %q, write said %v",
						call, forGood, when, names, got, err,
					)
				}
			}
			names, _ := disk.ReadDir("d")
			if want := map[bool]int{true: 0, false: 1}[failed]; len(names) != want && !forGood {
				t.Errorf("call %d: %q stay", call, names)
			}
			if !failed {
				if call < 10 {
					t.Errorf("a folder of two files takes only %d calls", call-1)
				}
				break
			}
		}
	}
}

func TestErrorsOfFillLeaveNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stop := errors.New("stop")
	path := filepath.Join(dir, "f")
	if err := (durable.File{Path: path}).Write(durable.Bytes([]byte("old"))); err != nil {
		t.Fatal(err)
	}
	err := durable.File{Path: path}.Write(func(w io.Writer) error {
		if _, err := io.WriteString(w, "half"); err != nil {
			return err
		}
		return stop
	})
	if err != stop {
		t.Errorf("file: %v", err)
	}
	err = durable.Folder{Path: filepath.Join(dir, "m")}.Write(func(d durable.Dir) error {
		return d.WriteFile("a", func(io.Writer) error { return stop })
	})
	if err != stop {
		t.Errorf("folder: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if data, e := os.ReadFile(path); e != nil || err != nil || string(data) != "old" ||
		len(entries) != 1 {
		t.Errorf("left %v with %q, %v, %v", entries, data, err, e)
	}
}

func TestWriteOnARealDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	temp := filepath.Join(dir, "f.part")
	if err := os.WriteFile(temp, []byte("what a crash left, which is longer"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "f")
	f := durable.File{Path: path, Temp: temp, Mode: 0o600}
	if err := f.Write(durable.Bytes([]byte("new"))); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "new" {
		t.Errorf("%q, %v", data, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	folder := durable.Folder{Path: filepath.Join(dir, "m")}
	during := ""
	fill := func(d durable.Dir) error {
		during = d.Path
		return d.WriteFile("a", durable.Bytes([]byte("one")))
	}
	if err := folder.Write(fill); err != nil {
		t.Fatal(err)
	}
	if name := filepath.Base(during); !strings.HasPrefix(name, durable.TempPrefix) ||
		filepath.Dir(during) != dir {
		t.Errorf("written as %s", during)
	}
	if err := folder.Write(fill); err == nil {
		t.Error("a folder that exists was replaced")
	}
	if data, err := os.ReadFile(filepath.Join(dir, "m", "a")); err != nil || string(data) != "one" {
		t.Errorf("%q, %v", data, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("left %v, %v", entries, err)
	}
	if err := durable.SyncDir(filepath.Join(dir, "nowhere")); err == nil && runtime.GOOS != "windows" {
		t.Error("a folder that does not exist was synced")
	}
}
