package main

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"os"
	"time"
)

// homesFrom and homesEvery stand in for the protocol of homes_15min, whose series cover different
// years: the test is the last one to two weeks, with an origin every five hours.
const (
	homesFrom  = "2024-09-16T00:00:00Z"
	homesEvery = 5
)

// align copies the readings of a file to another one. It moves each series by whole weeks, so that
// all series end in the same week and one cut by time serves all of them.
func align(from, to string) error {
	rows, err := readRows(from)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	times := make([]time.Time, len(rows))
	last := map[string]time.Time{}
	var latest time.Time
	for i, row := range rows[1:] {
		at, err := time.Parse(time.RFC3339, row[1])
		if err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
		times[i+1] = at
		if at.After(last[row[0]]) {
			last[row[0]] = at
		}
		if at.After(latest) {
			latest = at
		}
	}
	const week = 7 * 24 * time.Hour
	for i, row := range rows[1:] {
		shift := latest.Sub(last[row[0]]) / week * week
		row[1] = times[i+1].Add(shift).Format(time.RFC3339)
	}
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	if err := csv.NewWriter(file).WriteAll(rows); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

// readRows reads a compressed CSV of series, timestamp and value, with its header.
func readRows(path string) ([][]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	return csv.NewReader(plain).ReadAll()
}
