package bus

import (
	"strconv"
	"strings"
)

// MinServerVersion is the oldest server that takes fast-ingest batches.
const MinServerVersion = "2.14.0"

// versionAtLeast compares versions such as "2.15.2" or "2.15.0-RC.1" by their numbers. A text that
// is no version is too old.
func versionAtLeast(version, least string) bool {
	have, ok := versionNumbers(version)
	want, _ := versionNumbers(least)
	if !ok {
		return false
	}
	for i := range have {
		if have[i] != want[i] {
			return have[i] > want[i]
		}
	}
	return true
}

func versionNumbers(version string) (numbers [3]int, ok bool) {
	core, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), "-")
	parts := strings.Split(core, ".")
	if len(parts) != len(numbers) {
		return numbers, false
	}
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return numbers, false
		}
		numbers[i] = n
	}
	return numbers, true
}
