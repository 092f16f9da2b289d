package durable

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
)

// TempPrefix begins every temporary name that this package chooses. After a crash such a name may
// stay; a caller that owns the folder may remove it.
const TempPrefix = ".tmp-"

const defaultMode fs.FileMode = 0o644

// File says where one file is written.
type File struct {
	Path string
	// Temp is the path while the file is written, in the folder of Path; empty means a name of its
	// own for each call. A fixed path is for a folder with one writer: Write overwrites a file that
	// a crash left at Temp.
	Temp string
	Mode fs.FileMode // of the file, before umask; 0 means 0o644
	FS   FS          // nil means Disk
}

// Write calls fill, which writes the content, and puts the file in its place. After nil the file is
// durable. After an error Path holds either the whole file from before or the whole new one, and
// the temporary file is gone. Errors of fill are returned as they are.
func (f File) Write(fill func(io.Writer) error) error {
	disk, temp := defaults(f.FS, f.Path, f.Temp)
	if err := writeSynced(disk, temp, f.Mode, fill); err != nil {
		_ = disk.Remove(temp) // the first fault is the one to tell
		return err
	}
	if err := disk.Rename(temp, f.Path); err != nil {
		_ = disk.Remove(temp) // the first fault is the one to tell
		return err
	}
	return disk.SyncDir(filepath.Dir(f.Path))
}

// Folder says where a folder is written.
type Folder struct {
	Path string
	Temp string // as that of File
	FS   FS     // nil means Disk
}

// Write calls fill, which writes the files, and puts the folder in its place. Nothing may exist at
// Path; its parent must. After nil the folder is durable. After an error neither the folder nor its
// temporary one exists, unless the disk refuses to remove them; what stands at Path is whole.
// Errors of fill are returned as they are.
func (f Folder) Write(fill func(Dir) error) error {
	disk, temp := defaults(f.FS, f.Path, f.Temp)
	err := disk.Mkdir(temp)
	if err != nil {
		return err
	}
	if err = fill(Dir{temp, disk}); err == nil {
		err = disk.SyncDir(temp)
	}
	if err == nil {
		err = disk.Rename(temp, f.Path)
	}
	if err != nil {
		_ = disk.Remove(temp) // the first fault is the one to tell
		return err
	}
	if err := disk.SyncDir(filepath.Dir(f.Path)); err != nil {
		// Nobody may rely on a folder that is not durable: it vanishes in one step.
		return errors.Join(err, disk.Rename(f.Path, temp), disk.Remove(temp))
	}
	return nil
}

// Dir is a folder that is being written.
type Dir struct {
	Path string // while the folder is written
	fs   FS
}

// WriteFile writes one file of the folder and syncs it. Errors of fill are returned as they are.
func (d Dir) WriteFile(name string, fill func(io.Writer) error) error {
	return writeSynced(d.fs, filepath.Join(d.Path, name), defaultMode, fill)
}

// Bytes returns a fill function that writes data.
func Bytes(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

func defaults(disk FS, path, temp string) (FS, string) {
	if disk == nil {
		disk = Disk{}
	}
	if temp == "" {
		name := TempPrefix + filepath.Base(path) + "-" + rand.Text()[:12]
		temp = filepath.Join(filepath.Dir(path), name)
	}
	return disk, temp
}

// writeSynced writes a file and syncs it. A file whose sync failed is given up, because a second
// sync of it may report success without the data.
func writeSynced(disk FS, path string, mode fs.FileMode, fill func(io.Writer) error) error {
	if mode == 0 {
		mode = defaultMode
	}
	f, err := disk.Create(path, mode)
	if err != nil {
		return err
	}
	if err = fill(f); err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
