package meter_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// life is one series on its grid. Cells without a reading are NaN.
type life struct {
	name     string
	first    int64 // cell
	interval int64
	values   []float32
}

func (l *life) moment(i int) string {
	return time.Unix((l.first+int64(i))*l.interval, 0).UTC().Format("2006-01-02T15:04")
}

// lives reads a file; of repeated times the last value counts.
func lives(t testing.TB, file string, interval time.Duration, opts tabular.Options) []life {
	t.Helper()
	table, _, err := tabular.Load([]string{filepath.Join(servertest.PublicReadings(t), file)}, opts)
	if err != nil {
		t.Fatal(err)
	}
	rows := slices.SortedStableFunc(table.All(), func(a, b tabular.Row) int {
		return cmp.Or(cmp.Compare(a.Series, b.Series), cmp.Compare(a.Unix, b.Unix))
	})
	var out []life
	seconds := int64(interval / time.Second)
	for i, r := range rows {
		if i == 0 || r.Series != rows[i-1].Series {
			out = append(out, life{name: table.Name(r).Meter, first: r.Unix / seconds, interval: seconds})
		}
		l := &out[len(out)-1]
		for l.first+int64(len(l.values)) <= r.Unix/seconds {
			l.values = append(l.values, float32(math.NaN()))
		}
		l.values[r.Unix/seconds-l.first] = float32(r.Value)
	}
	return out
}

func hourlyLives(t testing.TB, name string) []life {
	return lives(t, filepath.Join("hourly", name+".csv.gz"), time.Hour, tabular.Options{})
}

// publicFile is a file of public readings on a grid.
type publicFile struct {
	name     string
	interval time.Duration
}

// publicFiles are those of the folders hourly and more.
func publicFiles(t testing.TB) []publicFile {
	t.Helper()
	var all []publicFile
	for _, folder := range []string{"hourly", "more"} {
		files, err := filepath.Glob(filepath.Join(servertest.PublicReadings(t), folder, "*.csv.gz"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no readings in %s: %v", folder, err)
		}
		for _, path := range files {
			file := publicFile{filepath.Join(folder, filepath.Base(path)), time.Hour}
			for _, finer := range []time.Duration{15 * time.Minute, 30 * time.Minute} {
				if strings.Contains(path, fmt.Sprintf("_%dmin", int(finer.Minutes()))) {
					file.interval = finer
				}
			}
			all = append(all, file)
		}
	}
	return all
}

// Nearly all public readings are honest, so hardly any are flagged. The exception is etth1: all its
// channels repeat one value together for hours and days, some twenty times.
func TestFewOfRealReadingsAreFlagged(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	for name, most := range map[string]float64{ // shares of all cells; measured: see docs/accuracy.md
		"edrp": 0.0005, "sgsc": 0.0004, "pjm": 0.00003, "citylearn": 0.0001, "vic": 0, "liander": 0.0003,
		"etth1": 0.02,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cells, flags, reasons := 0, 0, map[meter.Flag]int{}
			for _, l := range hourlyLives(t, name) {
				for i, reason := range verdicts(newStrip(24, 0), l.values) {
					cells++
					if reason == meter.Fine {
						continue
					}
					reasons[reason]++
					flags++
					if flags < 20 && testing.Verbose() {
						t.Logf(
							"%s %s %s: %v",
							l.name, l.moment(i), reason, l.values[max(i-5, 0):min(i+3, len(l.values))],
						)
					}
				}
			}
			share := float64(flags) / float64(cells)
			t.Logf("%d of %d cells, %.4f %%: %v", flags, cells, 100*share, reasons)
			if share > most {
				t.Errorf("%.4f %% of cells flagged, want at most %.4f %%", 100*share, 100*most)
			}
		})
	}
}

// The values that are known to be wrong are found.
func TestKnownLies(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	for name, c := range map[string]struct {
		file     string
		interval time.Duration
		opts     tabular.Options
		lies     []string // series and value
		flags    float64  // at most, as a share of all cells
	}{
		"pjm": {"pjm_zones_hourly.csv.gz", time.Hour, tabular.Options{
			SeriesColumn: "zone", TimeColumn: "Datetime", ValueColumn: "MW", Timezone: "America/New_York",
			IntervalLabel: tabular.LabelEnd,
		},
			[]string{"PJMW 487", "DOM 1253", "EKPC 533"}, 0.0002},
		"liander": {"liander_substations_15min.csv.gz", 15 * time.Minute, tabular.Options{
			SeriesColumn: "station", TimeColumn: "datetime", ValueColumn: "total_substation",
		},
			nil, 0.002},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cells, flags := 0, 0
			found := map[string]bool{}
			for _, l := range lives(t, c.file, c.interval, c.opts) {
				for i, reason := range verdicts(newStrip(int(24*time.Hour/c.interval), 0), l.values) {
					cells++
					if reason == meter.Fine {
						continue
					}
					flags++
					found[fmt.Sprint(l.name, " ", l.values[i])] = true
					if testing.Verbose() {
						t.Logf(
							"%s %s %s: %v",
							l.name, l.moment(i), reason, l.values[max(i-5, 0):min(i+3, len(l.values))],
						)
					}
				}
			}
			for _, lie := range c.lies {
				if !found[lie] {
					t.Errorf("%s is not flagged", lie)
				}
			}
			if share := float64(flags) / float64(cells); share > c.flags {
				t.Errorf(
					"%d of %d cells flagged, %.4f %%, want at most %.4f %%",
					flags, cells, 100*share, 100*c.flags,
				)
			}
		})
	}
}

// fault spoils v from cell at on, and returns how many cells it spoilt. before is the value of the
// cell before.
type fault struct {
	name  string
	spoil func(v []float32, at int, mean float32) int
}

func each(cells int, f func(v float32) float32) func([]float32, int, float32) int {
	return func(v []float32, at int, _ float32) int {
		for i := at; i < at+cells; i++ {
			v[i] = f(v[i])
		}
		return cells
	}
}

var faults = []fault{
	{"spike of 10", each(1, func(v float32) float32 { return 10 * v })},
	{"spike of 50 means", func(v []float32, at int, mean float32) int { v[at] = 50 * mean; return 1 }},
	{"frozen for a day", func(v []float32, at int, _ float32) int {
		copy(v[at+1:at+24], slices.Repeat(v[at:at+1], 23))
		return 24
	}},
	{"times 1000", each(6, func(v float32) float32 { return v * 1000 })},
	{"by 1000", each(6, func(v float32) float32 { return v / 1000 })},
	{"sign", each(6, func(v float32) float32 { return -v })},
	{"zero", each(6, func(float32) float32 { return 0 })},
	{"gathered", func(v []float32, at int, _ float32) int {
		for i := at - 5; i < at; i++ {
			v[at] += v[i]
			v[i] = float32(math.NaN())
		}
		return 1
	}},
	{"double", func(v []float32, at int, _ float32) int { v[at] += v[at-1]; return 1 }},
}

// Of faults in the same readings, at least these shares of the cells are found: all faults that
// stand out of a smooth load, and of a household the values that no household has.
func TestSeededFaultsAreFound(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	for name, least := range map[string][]float64{ // in the order of faults
		"pjm":       {1, 1, 0.8, 1, 1, 1, 1, 1, 0.99},
		"vic":       {1, 1, 0.8, 1, 1, 1, 1, 1, 0.99},
		"edrp":      {0.15, 0.7, 0.5, 0.95, 0.85, 0.2, 0.6, 0.3, 0},
		"sgsc":      {0.1, 0.7, 0.5, 0.95, 0.6, 0.1, 0.4, 0.15, 0},
		"citylearn": {0.2, 0.9, 0.5, 0.85, 0.5, 0.1, 0.4, 0.4, 0},
		"liander":   {0.55, 0.7, 0.55, 0.75, 0, 0, 0.15, 0.2, 0},
		"etth1":     {0.7, 0.75, 0.35, 0.8, 0.3, 0.2, 0.3, 0.5, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := hourlyLives(t, name)
			var line strings.Builder
			for f, fault := range faults {
				random := rand.New(rand.NewPCG(6, uint64(f)))
				caught, spoilt := 0, 0
				for range 150 {
					l := all[random.IntN(len(all))]
					const before = 450
					from := random.IntN(len(l.values) - before - 30)
					v := slices.Clone(l.values[from : from+before+30])
					var mean float32
					for _, x := range v[:before] {
						mean += x / before
					}
					n := fault.spoil(v, before, mean)
					spoilt += n
					for _, reason := range verdicts(newStrip(24, 0), v)[before : before+n] {
						if reason != meter.Fine {
							caught++
						}
					}
				}
				share := float64(caught) / float64(spoilt)
				fmt.Fprintf(&line, "%s %.0f %%, ", fault.name, 100*share)
				if share < least[f] {
					t.Errorf("%s: %.1f %% found, want %.0f %%", fault.name, 100*share, 100*least[f])
				}
			}
			t.Log(line.String())
		})
	}
}

func BenchmarkJudge(b *testing.B) {
	for _, c := range []struct {
		name   string
		series load
		value  func(n int) float32
	}{
		{"zone", zone, zone},
		{"house", house, house},
		{"flagged", zone, func(n int) float32 { return 10 * zone(n) }},
		{"standby", holiday, holiday},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := newStrip(24, 0)
			for n := range 40 * 24 {
				s.take(c.series(n))
			}
			value := c.value(40 * 24)
			b.ReportAllocs()
			for b.Loop() {
				s.Judge(value)
			}
		})
	}
}

// The time of judging and storing a cell of public households.
func BenchmarkJudgeHouseholds(b *testing.B) {
	all := hourlyLives(b, "edrp")[:40]
	cells := 0
	b.ReportAllocs()
	for b.Loop() {
		for _, l := range all {
			s := newStrip(24, 0)
			for _, v := range l.values {
				s.take(v)
			}
			cells += len(l.values)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(cells), "ns/cell")
}
