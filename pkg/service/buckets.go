package service

// LatencyBuckets returns bounds in seconds for work between 100 microseconds and 10 seconds: steps, publishing, HTTP
// requests, writes to a database. 0.05, 0.2 and 1 are bounds because service levels are judged at them.
func LatencyBuckets() []float64 {
	return []float64{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10}
}

// SizeBuckets returns bounds for counts of things handled together (series of a batch, messages of a write).
func SizeBuckets() []float64 {
	return []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096}
}

// AgeBuckets returns bounds in seconds for how old something is when it is handled: from a millisecond, a live
// reading, to a day, a catch-up after a long stop.
func AgeBuckets() []float64 {
	return []float64{0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 1800, 3600, 21600, 86400}
}
