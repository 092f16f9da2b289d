package service

// LatencyBuckets returns bounds in seconds for work that takes 100 microseconds to 10 seconds:
// steps, publishing, HTTP requests, writes to a database. Service levels are measured at 0.05, 0.2
// and 1.
func LatencyBuckets() []float64 {
	return []float64{
		0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5,
		10,
	}
}

// SizeBuckets returns bounds for the size of groups: series of a batch, messages of a write.
func SizeBuckets() []float64 {
	return []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096}
}

// AgeBuckets returns bounds in seconds for the age of messages: from a millisecond, for a live
// reading, to a day, after a long stop.
func AgeBuckets() []float64 {
	return []float64{
		0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 1800, 3600, 21600, 86400,
	}
}
