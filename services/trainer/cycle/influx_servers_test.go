package cycle

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/secret"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// reading is a point as a recorder writes it: every field, an empty one too.
func reading(
	site, meter string, at time.Time, value float64, unit, quality, kind string,
) influx.Point {
	return influx.Point{
		Measurement: ReadingMeasurement, Tags: []influx.Tag{{Key: "site", Value: site},
			{Key: "meter", Value: meter}}, Time: at,
		Fields: []influx.Field{{Key: "value", Value: value}, {Key: "unit", Value: unit},
			{Key: "quality", Value: quality}, {Key: "kind", Value: kind}},
	}
}

// write stores points in a bucket.
func write(t testing.TB, cfg influx.Config, points []influx.Point) {
	t.Helper()
	w, err := influx.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for batch := range slices.Chunk(points, 5000) {
		if err := w.Write(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
}

// history is what a source of the bucket reads of the time before until.
func history(
	t testing.TB, cfg influx.Config, back time.Duration, until time.Time, most int,
) []*dataset.History {
	t.Helper()
	r, err := influx.NewReader(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if most > 0 {
		r.MaxRows = most
	}
	b := dataset.NewBuilder()
	if err := (Influx{Reader: r, Back: back, Until: func() time.Time { return until }}).
		Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return b.Build()
}

// realMonths is a CSV file of a season of three real households, and the same as points.
func realMonths(t *testing.T) (path string, points []influx.Point, first, last time.Time) {
	t.Helper()
	source := filepath.Join(servertest.PublicReadings(t), "hourly", "citylearn.csv.gz")
	table, _, err := tabular.Load([]string{source}, tabular.Options{})
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "months.csv")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	out := csv.NewWriter(file)
	_ = out.Write([]string{"series", "timestamp", "value"})
	first, last = time.Date(2016, 12, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2017, 4, 1, 0, 0, 0, 0, time.UTC)
	for row := range table.All() {
		name, at := table.Name(row), row.Time()
		if at.Before(first) || !at.Before(last) ||
			!slices.Contains([]string{"1", "2", "3"}, name.Meter) {
			continue
		}
		_ = out.Write([]string{name.String(), at.Format(time.RFC3339),
			strconv.FormatFloat(row.Value, 'g', -1, 64)})
		points = append(points, reading(name.Site, name.Meter, at, row.Value, "", "", ""))
	}
	out.Flush()
	if err := out.Error(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path, points, first, last
}

// Real readings that went through a real InfluxDB are the history that they are in a file, in one
// answer or in many.
func TestInfluxGivesTheHistoryOfFiles(t *testing.T) {
	t.Parallel()
	cfg := influxtest.Server(t)
	path, points, first, last := realMonths(t)
	if len(points) != 3*int(last.Sub(first)/time.Hour) {
		t.Fatalf("%d readings of three households from %s to %s", len(points), first, last)
	}
	write(t, cfg, points)
	write(t, cfg, points[:100]) // what comes twice is there once
	b := dataset.NewBuilder()
	if err := (dataset.Files{Paths: []string{path}}).Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	want := b.Build()
	for name, most := range map[string]int{"whole answers": 0, "answers that are too long": 500} {
		if got := history(t, cfg, 200*24*time.Hour, last.Add(36*time.Hour),
			most); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d histories of the bucket are not the %d of the file", name, len(got),
				len(want))
		}
	}
	// A range has its first moment and not its last.
	from, until := first.AddDate(0, 1, 0), first.AddDate(0, 2, 0)
	for _, h := range history(t, cfg, until.Sub(from), until, 0) {
		if h.Start(h.Raw.First()) != from.Unix() || h.Start(h.Raw.Newest+1) != until.Unix() {
			t.Errorf("%s reaches from %d to %d, want %d to %d", h.ID, h.Start(h.Raw.First()),
				h.Start(h.Raw.Newest+1), from.Unix(), until.Unix())
		}
	}
}

// What a reading says of itself counts as it does in the logs.
func TestInfluxHonoursKindAndQuality(t *testing.T) {
	t.Parallel()
	cfg := influxtest.Server(t)
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const hours = 48
	var points []influx.Point
	for i := range hours + 1 {
		points = append(points, reading("north", "register", begin.Add(time.Duration(i)*time.Hour),
			float64(1000+10*i), "kWh", "", "register"))
	}
	for i := range 4 * hours {
		at, v := begin.Add(time.Duration(i)*15*time.Minute), float64(1+i%4)
		points = append(points,
			reading("north", "energy", at, v, "kWh", "", "energy"),
			reading("north", "power", at, v, "kW", "", "power"),
			reading("north", "unsaid_energy", at, v, "kWh", "", ""),
			reading("north", "unsaid_power", at, v, "kW", "", ""))
	}
	for i := range hours {
		at := begin.Add(time.Duration(i) * time.Hour)
		quality, value := "OK", 5.
		switch i % 12 {
		case 3:
			quality, value = "BAD", 900
		case 7:
			quality, value = "MISSING", 0
		case 9:
			quality = "ESTIMATED"
		}
		points = append(points, reading("north", "quality", at, value, "kWh", quality, "energy"))
		points = append(points, reading("north", "words", at, 1, "kWh", "GUESSED", ""),
			reading("north", "kinds", at, 1, "kWh", "", "heat"))
	}
	write(t, cfg, points)
	got := map[string][]float32{}
	for _, h := range history(t, cfg, 60*24*time.Hour, begin.AddDate(0, 0, 10), 0) {
		got[h.ID.Meter] = h.Values(h.Raw.Known)
	}
	for meter, each := range map[string]float32{"register": 10, "energy": 10, "power": 2.5,
		"unsaid_energy": 10, "unsaid_power": 2.5, "quality": 5} {
		if want := slices.Repeat([]float32{each}, hours); !slices.Equal(got[meter], want) {
			t.Errorf("%s: %v, want %d of %v", meter, got[meter], hours, each)
		}
	}
	if len(got) != 6 {
		t.Errorf("%d series, want 6: what the forecaster refuses is no history", len(got))
	}
}

// What is wrong is said with what mends it.
func TestInfluxRefuses(t *testing.T) {
	t.Parallel()
	cfg := influxtest.Server(t)
	for name, c := range map[string]struct {
		edit  func(*influx.Config)
		words []string
	}{
		"wrong token": {func(c *influx.Config) { c.Token = secret.New("wrong-canary") },
			[]string{"401", "LOADTIDE_INFLUX_TOKEN", "read access"}},
		"no bucket": {func(c *influx.Config) { c.Bucket = "nowhere" },
			[]string{"404", `"nowhere"`, "--influx-bucket"}},
		"no org": {func(c *influx.Config) { c.Org = "nobody" },
			[]string{"400", `"nobody"`, "--influx-org"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := cfg
			c.edit(&cfg)
			r, err := influx.NewReader(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			begun := time.Now()
			err = Influx{Reader: r, Back: 24 * time.Hour, Until: time.Now,
				Pause: time.Minute}.Load(t.Context(), dataset.NewBuilder())
			for _, word := range c.words {
				if err == nil || !strings.Contains(err.Error(), word) ||
					strings.Contains(err.Error(), "canary") {
					t.Errorf("no %s in: %v", word, err)
				}
			}
			if time.Since(begun) > 30*time.Second {
				t.Error("it was asked again, which mends nothing")
			}
		})
	}
}

// BenchmarkInfluxRows reads two million rows of a real InfluxDB, a month of 2,700 series, and says
// what memory that takes.
func BenchmarkInfluxRows(b *testing.B) {
	cfg := influxtest.Server(b)
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const meters, hours = 2700, 744
	for i := range hours {
		points := make([]influx.Point, meters)
		for m := range points {
			points[m] = reading("site", fmt.Sprintf("m%04d", m),
				begin.Add(time.Duration(i)*time.Hour), float64(m%100)+float64(i%24)/8, "kWh", "OK",
				"energy")
		}
		write(b, cfg, points)
	}
	r, err := influx.NewReader(cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for b.Loop() {
		built := dataset.NewBuilder()
		peak, stop := peakHeap()
		if err := (Influx{Reader: r, Back: 62 * 24 * time.Hour,
			Until: func() time.Time { return begin.AddDate(0, 1, 0) }}).
			Load(b.Context(), built); err != nil {
			b.Fatal(err)
		}
		stop()
		if n, first, last := built.Span(); n != meters || last-first != (hours-1)*hour {
			b.Fatalf("%d series from %d to %d", n, first, last)
		}
		b.ReportMetric(float64(*peak)/1e6, "peak-MB")
	}
}

// peakHeap looks at the heap until stop is called.
func peakHeap() (peak *uint64, stop func()) {
	peak = new(uint64)
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			*peak = max(*peak, m.HeapInuse)
			select {
			case <-ended:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return peak, func() { close(ended); <-done }
}
