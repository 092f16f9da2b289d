package checkpoint

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	extension = ".ckpt"
	temporary = ".tmp"
	seqDigits = 20 // of the largest uint64
)

// fileName is the name of a partition's snapshot at seq. The sequence has leading zeros, so that
// the names of a partition sort by position.
func fileName(partition int, seq uint64) string {
	return fmt.Sprintf("p%d-%0*d%s", partition, seqDigits, seq, extension)
}

// parseName returns the sequence in a name of that partition, and false for another name.
func parseName(name string, partition int) (seq uint64, ok bool) {
	digits, ok := strings.CutPrefix(name, fmt.Sprintf("p%d-", partition))
	if !ok {
		return 0, false
	}
	if digits, ok = strings.CutSuffix(digits, extension); !ok || len(digits) != seqDigits {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, 10, 64)
	return seq, err == nil
}

// sequences returns the sequences of a partition's snapshots in the folder, newest first.
func (f *File) sequences(partition int) ([]uint64, error) {
	names, err := f.fs.ReadDir(f.dir)
	if err != nil {
		return nil, &FolderError{Dir: f.dir, Op: "read", Err: err}
	}
	var seqs []uint64
	for _, name := range names {
		if seq, ok := parseName(name, partition); ok {
			seqs = append(seqs, seq)
		}
	}
	slices.SortFunc(seqs, func(a, b uint64) int { return cmp.Compare(b, a) })
	return seqs, nil
}
