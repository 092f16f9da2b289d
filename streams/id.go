package streams

import (
	"strconv"
	"strings"
	"time"
)

// OutputID returns the message id of an output. created is the creation time of the partition's
// stream, seq the sequence of the input in the stream, and k the index of the output among those of
// the input. The same input gives the same id, so the broker drops a repeat (I2).
func OutputID(created time.Time, partition int, seq uint64, k int) string {
	b := make([]byte, 0, 40)
	b = strconv.AppendInt(b, max(created.UnixNano(), 0), 36)
	b = append(b, '-')
	b = strconv.AppendInt(b, int64(partition), 10)
	b = append(b, '-')
	b = strconv.AppendUint(b, seq, 10)
	b = append(b, '.')
	b = strconv.AppendInt(b, int64(k), 10)
	return string(b)
}

// OutputKey has the parts of an output's id. Created is the creation time of the stream in base 36,
// as in the id.
type OutputKey struct {
	Created   string
	Partition int
	Seq       uint64
	K         int
}

// ParseOutputID reads an id. ok is false when OutputID cannot have made it.
func ParseOutputID(id string) (OutputKey, bool) {
	created, rest, ok1 := strings.Cut(id, "-")
	partition, rest, ok2 := strings.Cut(rest, "-")
	seq, k, ok3 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || !ok3 {
		return OutputKey{}, false
	}
	nanos, err := strconv.ParseUint(created, 36, 63)
	if err != nil || strconv.FormatUint(nanos, 36) != created {
		return OutputKey{}, false
	}
	p, ok := parsePartition(partition)
	if !ok {
		return OutputKey{}, false
	}
	s, err := strconv.ParseUint(seq, 10, 64)
	if err != nil || strconv.FormatUint(s, 10) != seq {
		return OutputKey{}, false
	}
	n, err := strconv.ParseUint(k, 10, 31)
	if err != nil || strconv.FormatUint(n, 10) != k {
		return OutputKey{}, false
	}
	return OutputKey{Created: created, Partition: p, Seq: s, K: int(n)}, true
}

// Less orders keys by creation of the stream, partition, sequence and index. Within one log this is
// the order of publishing.
func (a OutputKey) Less(b OutputKey) bool {
	switch {
	case len(a.Created) != len(b.Created):
		return len(a.Created) < len(b.Created) // base 36 without leading zeros: longer is later
	case a.Created != b.Created:
		return a.Created < b.Created
	case a.Partition != b.Partition:
		return a.Partition < b.Partition
	case a.Seq != b.Seq:
		return a.Seq < b.Seq
	default:
		return a.K < b.K
	}
}
