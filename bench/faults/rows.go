package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// selection says which rows of a set a file gets.
type selection struct {
	series      int // at most; spread over the set
	from, until time.Time
	register    bool // values are added up
}

// write writes the chosen rows of a set, which has the columns series, timestamp and value, and
// returns the number of series in the file.
func (s selection) write(set, path string) (series int, err error) {
	names, err := namesOf(set)
	if err != nil {
		return 0, err
	}
	every := (len(names) + s.series - 1) / s.series
	taken := map[string]bool{}
	for i := 0; i < len(names); i += every {
		taken[names[i]] = true
	}
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	w := bufio.NewWriter(file)
	sums := map[string]float64{}
	fmt.Fprintln(w, header)
	err = eachRow(set, func(series, timestamp, value string) error {
		at, err := time.Parse(time.RFC3339, timestamp)
		if err != nil || !taken[series] || at.Before(s.from) || !at.Before(s.until) {
			return err
		}
		if s.register {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return err
			}
			if _, begun := sums[series]; !begun {
				sums[series] = firstCount * v
			}
			sums[series] += v
			value = strconv.FormatFloat(sums[series], 'f', 3, 64)
			timestamp = at.Add(time.Hour).Format(time.RFC3339) // it is read when the hour is over
		}
		_, err = fmt.Fprintf(w, "%s,%s,%s\n", series, timestamp, value)
		return err
	})
	return len(taken), errors.Join(err, w.Flush(), file.Close())
}

const (
	header = "series,timestamp,value"
	// firstCount is what a register has counted, in first readings.
	firstCount = 20_000
)

// heal writes a file of simulate --faults again, with the true values up to a time: what a new meter
// sends is a kind of its own.
func heal(path string, until time.Time) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(strings.TrimRight(line, "\n"), ",")
		at, err := time.Parse(time.RFC3339, cells[1])
		if truth := cells[3]; err == nil && at.Before(until) && cells[4] != "" && truth != "" {
			line = fmt.Sprintf("%s,%s,%s,%s,\n", cells[0], cells[1], truth, truth)
		}
		b.WriteString(line)
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

// namesOf returns the series of a set in their order.
func namesOf(set string) ([]string, error) {
	var names []string
	known := map[string]bool{}
	err := eachRow(set, func(series, _, _ string) error {
		if !known[series] {
			known[series] = true
			names = append(names, series)
		}
		return nil
	})
	return names, err
}

// eachRow calls do with each row of a set.
func eachRow(set string, do func(series, timestamp, value string) error) error {
	file, err := os.Open(set)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("%s: %w", set, err)
	}
	lines := bufio.NewReader(unpacked)
	for n := 1; ; n++ {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", set, err)
		}
		line = strings.TrimRight(line, "\r\n")
		if n == 1 {
			if line != header {
				return fmt.Errorf("%s: the columns are %q, want %q", set, line, header)
			}
			continue
		}
		cells := strings.Split(line, ",")
		if len(cells) != 3 {
			return fmt.Errorf("%s: line %d has %d cells, want 3", set, n, len(cells))
		}
		if err := do(cells[0], cells[1], cells[2]); err != nil {
			return fmt.Errorf("%s: line %d: %w", set, n, err)
		}
	}
}
