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

func fieldText(v float64) []byte { return strconv.AppendFloat(nil, v, 'g', -1, 64) }

// isNamed reports whether an error names the file or the option already.
func isNamed(err error) bool {
	var file *FileError
	var option *OptionError
	return errors.As(err, &file) || errors.As(err, &option)
}
