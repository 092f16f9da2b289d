package tabular

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// export is a file as some tool might write it, with the readings that it holds.
type export struct {
	text   string
	opts   Options
	starts []int64
	values []float64 // by reading
}

// drawExport draws readings of one series and a way to write them.
func drawExport(t *rapid.T) export {
	zone := rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney"}).Draw(t, "zone")
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	e := export{opts: Options{Series: "a.b", Timezone: zone}}
	step := rapid.SampledFrom([]int{15, 30, 60}).Draw(t, "minutes")
	day := time.Date(2025, time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"), 0, 0, 0, 0, location)
	n := rapid.IntRange(30, 200).Draw(t, "rows")
	scale := math.Pow(10, float64(rapid.IntRange(0, 5).Draw(t, "scale")))
	decimals := rapid.IntRange(0, 4).Draw(t, "decimals")
	w := drawWriter(t, decimals)
	e.text = w.head()
	for i := range n {
		at := day.Add(time.Duration(i*step) * time.Minute)
		value, err := strconv.ParseFloat(strconv.FormatFloat(scale*rapid.Float64Range(0, 10).Draw(t, "value"), 'f', decimals, 64), 64)
		if err != nil {
			t.Fatal(err)
		}
		e.starts, e.values = append(e.starts, at.Unix()), append(e.values, value)
		e.text += w.row(at, at.Add(time.Duration(step)*time.Minute), value)
	}
	if w.ends {
		e.opts.IntervalLabel = LabelEnd
	}
	return e
}

// writer is a way to write readings.
type writer struct {
	delimiter, decimal, group string
	quotes                    bool
	date, clock               string // forms of package time
	columns                   string // one, two, range, from-to
	ends                      bool
	decimals                  int
	preamble                  string
	unit                      bool // in a column of its own
}

func drawWriter(t *rapid.T, decimals int) *writer {
	w := &writer{
		delimiter: rapid.SampledFrom([]string{",", ";", "\t", "|"}).Draw(t, "delimiter"),
		decimal:   rapid.SampledFrom([]string{".", ","}).Draw(t, "decimal"),
		group:     rapid.SampledFrom([]string{"", "", "", "'", " ", "other"}).Draw(t, "group"),
		date:      rapid.SampledFrom([]string{"2006-01-02", "02.01.2006", "2.1.2006", "02-01-2006", "01/02/2006", "02/01/2006", "2006/01/02", "02-Jan-2006", "20060102"}).Draw(t, "date"),
		clock:     rapid.SampledFrom([]string{"15:04", "15:04:05", "3:04 PM", "15:04:05.000"}).Draw(t, "clock"),
		columns:   rapid.SampledFrom([]string{"one", "two", "range", "from-to", "pair", "pair, end first"}).Draw(t, "columns"),
		ends:      rapid.Bool().Draw(t, "ends"),
		preamble:  rapid.SampledFrom([]string{"", "Meter,12\n\n", "Report;of 2025;\nfor a meter\n", "# a comment\n"}).Draw(t, "preamble"),
		unit:      rapid.Bool().Draw(t, "unit"),
		decimals:  decimals,
	}
	if w.group == "other" {
		w.group = map[string]string{".": ",", ",": "."}[w.decimal]
	}
	if w.columns != "one" && w.columns != "two" {
		w.ends = false
	}
	// Whole numbers of thousands alone: the mark is taken for the decimal one by convention.
	if decimals == 0 && (w.group == "." && w.delimiter != ";" || w.group == "," && w.delimiter == ";") {
		w.group = ""
	}
	w.quotes = w.delimiter == "," && (w.decimal == "," || w.group == ",") || rapid.Bool().Draw(t, "quotes")
	return w
}

func (w *writer) line(fields ...string) string {
	for i, field := range fields {
		if w.quotes {
			fields[i] = `"` + field + `"`
		}
	}
	return strings.Join(fields, w.delimiter) + "\n"
}

func (w *writer) head() string {
	names := map[string][]string{
		"one": {"When", "Verbrauch"}, "two": {"Date", "Time", "Verbrauch"}, "range": {"Period", "Verbrauch"},
		"from-to": {"Start", "End", "Verbrauch"}, "pair": {"Stempel 1", "Stempel 2", "Verbrauch"},
		"pair, end first": {"Stempel 1", "Stempel 2", "Verbrauch"},
	}[w.columns]
	names = append([]string{}, names...)
	if w.unit {
		names = append(names, "Unit")
	} else {
		names[len(names)-1] += " [kWh]"
	}
	return w.preamble + w.line(names...)
}

func (w *writer) row(from, to time.Time, value float64) string {
	at, whole := from, w.date+" "+w.clock
	if w.ends {
		at = to
	}
	var fields []string
	switch w.columns {
	case "one":
		fields = []string{at.Format(whole)}
	case "two":
		fields = []string{at.Format(w.date), at.Format(w.clock)}
	case "range":
		fields = []string{from.Format(whole) + " - " + to.Format(whole)}
	case "pair, end first":
		fields = []string{to.Format(whole), from.Format(whole)}
	default:
		fields = []string{from.Format(whole), to.Format(whole)}
	}
	fields = append(fields, w.number(value))
	if w.unit {
		fields = append(fields, "kWh")
	}
	return w.line(fields...)
}

func (w *writer) number(value float64) string {
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(value, 'f', w.decimals, 64), ".")
	var grouped string
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			grouped += w.group
		}
		grouped += string(digit)
	}
	if fraction == "" {
		return grouped
	}
	return grouped + w.decimal + fraction
}

// TestNoLayoutIsMisread: whatever way a tool writes readings, they come back as they are, or the file
// is refused because it can be read in two ways. No layout gives other readings.
func TestNoLayoutIsMisread(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		e := drawExport(t)
		path := filepath.Join(dir, "a.csv")
		if err := os.WriteFile(path, []byte(e.text), 0o600); err != nil {
			t.Fatal(err)
		}
		table, report, err := Load([]string{path}, e.opts)
		files++
		var file *FileError
		if errors.As(err, &file) && strings.Contains(file.Problem, "two ways") {
			refused++
			return
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, e.text)
		}
		if report.Rejected > 0 || table.Len() != len(e.starts) {
			t.Fatalf("%d rows of %d, %v\n%s", table.Len(), len(e.starts), report.First, e.text)
		}
		for i, start := range e.starts {
			if r := table.Row(i); r.Unix != start || math.Abs(r.Value-e.values[i]) > 1e-9*math.Abs(e.values[i]) {
				t.Fatalf("reading %d is %v at %s, want %v at %s\n%s", i, r.Value, r.Time(), e.values[i],
					time.Unix(start, 0).UTC(), e.text)
			}
		}
		if got := table.Terms[0].Unit; got != "kWh" {
			t.Fatalf("unit %q\n%s", got, e.text)
		}
	})
	if 2*refused > files {
		t.Errorf("%d of %d files were refused", refused, files)
	}
}
