package tabular

import (
	"errors"
	"strconv"
)

const remedyEpochRange = "write seconds, ms, us or ns since 1970 that lie between 2000 and 2100"

// epochTime reads a number since 1970, in the unit that its size tells.
func epochTime(text []byte) (unix int64, ok bool) {
	at, ok := parseEpoch(text)
	return at.local, ok
}

// isoTime reads RFC 3339 and its usual forms; a time without an offset is naive.
func isoTime(text []byte) (unix int64, naive, ok bool) {
	at, bad := parseTime(text, yearFirst)
	return at.local, !at.zoned, bad.reason == ""
}

func fieldText(v float64) []byte { return strconv.AppendFloat(nil, v, 'g', -1, 64) }

// isNamed reports whether an error names the file or the option already.
func isNamed(err error) bool {
	var file *FileError
	var option *OptionError
	return errors.As(err, &file) || errors.As(err, &option)
}
