package tabular

import (
	"bytes"
	"errors"
	"math"
	"strconv"
)

// The bounds of epoch times: 2000 and 2100. Of seconds, milliseconds, microseconds and nanoseconds
// one at most lies between them.
const (
	epochFrom  = 946684800
	epochUntil = 4102444800
)

const remedyEpochRange = "write seconds, ms, us or ns since 1970 that lie between 2000 and 2100"

// epochTime reads a number since 1970, in the unit that its size tells. A fraction is cut.
func epochTime(text []byte) (unix int64, ok bool) {
	digits, _, _ := bytes.Cut(text, []byte("."))
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		f, err := strconv.ParseFloat(string(text), 64)
		if err != nil || !(math.Abs(f) < math.MaxInt64) {
			return 0, false
		}
		n = int64(f)
	}
	for _, unit := range [...]int64{1, 1e3, 1e6, 1e9} {
		if s := n / unit; s >= epochFrom && s < epochUntil {
			return s, true
		}
	}
	return 0, false
}

func fieldText(v float64) []byte { return strconv.AppendFloat(nil, v, 'g', -1, 64) }

func isFileError(err error) bool {
	var file *FileError
	return errors.As(err, &file)
}

// isoTime reads RFC 3339 and its usual forms: a space for the T, no seconds, an offset without a
// colon, no offset (naive). A fraction of a second is cut.
func isoTime(text []byte) (unix int64, naive, ok bool) {
	at, bad := parseTime(text, yearFirst)
	return at.local, !at.zoned, bad.reason == ""
}
