package meter

// MaxValue bounds values in the unit of their series: the magnitude of a reading is below it, that
// of a forecast at most as large.
const MaxValue = 1e12
