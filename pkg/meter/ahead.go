package meter

// FarAhead reports whether a reading at a second is so far ahead of newest, the second of the
// newest reading, that another reading must confirm it. One wrong clock must neither stretch a
// history by years nor close the window of its series.
func FarAhead(second, newest int64) bool { return second-newest > LatenessSeconds }

// Alike reports whether two distances between readings, in seconds, are of one rhythm: monthly
// readings lie 28 to 31 days apart.
func Alike(a, b int64) bool { return a > 0 && b > 0 && 5*max(a-b, b-a) <= max(a, b) }

// Confirms reports whether two readings that are far ahead confirm each other: both are taken when
// they are near each other.
func Confirms(a, b int64) bool { return !FarAhead(a, b) && !FarAhead(b, a) }
