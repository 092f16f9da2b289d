package tabular

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/meter"
)

// moments loads a file whose values count its readings and returns "day hour:minute" in UTC of
// each, with the series where there are several.
func moments(t *testing.T, content string, opts Options) []string {
	t.Helper()
	table, report, err := Load([]string{write(t, "a.csv", content)}, opts)
	if err != nil {
		t.Fatal(err)
	}
	if report.Rejected > 0 {
		t.Fatalf("rejected: %v", report.First[0].Error())
	}
	var got []string
	for r := range table.All() {
		text := r.Time().Format("02 15:04")
		if len(table.Series) > 1 {
			text = table.Name(r).Meter + " " + text
		}
		got = append(got, text)
	}
	return got
}

// column makes a file of one series with these times.
func column(times ...string) string {
	return "series,timestamp,value\nm," + strings.Join(times, ",1\nm,") + ",1\n"
}

// In Berlin clocks go back on 26 October 2025 from 03:00 to 02:00, that is at 01:00 UTC, and
// forward on 30 March 2025 from 02:00 to 03:00, at 01:00 UTC as well.
func TestDoubledHours(t *testing.T) {
	t.Parallel()
	const d = "2025-10-26 "
	for name, c := range map[string]struct {
		content string
		want    []string
	}{
		"hourly": {
			column(d+"01:00", d+"02:00", d+"02:00", d+"03:00"), []string{"25 23:00", "26 00:00", "26 01:00", "26 02:00"},
		},
		"hourly, descending": {
			column(d+"03:00", d+"02:00", d+"02:00", d+"01:00"), []string{"26 02:00", "26 01:00", "26 00:00", "25 23:00"},
		},
		"days descending": {
			column("2025-10-27 00:00", d+"01:00", d+"02:00", d+"02:00", d+"03:00", "2025-10-25 01:00"),
			[]string{"26 23:00", "25 23:00", "26 00:00", "26 01:00", "26 02:00", "24 23:00"},
		},
		"days that start in it": {
			column("2025-10-28 01:00", d+"02:00", d+"02:00", d+"03:00"), []string{"28 00:00", "26 00:00", "26 01:00", "26 02:00"},
		},
		"half hours": {
			column(d+"01:30", d+"02:00", d+"02:30", d+"02:00", d+"02:30", d+"03:00"),
			[]string{"25 23:30", "26 00:00", "26 00:30", "26 01:00", "26 01:30", "26 02:00"},
		},
		"half hours, descending": {
			column(d+"03:00", d+"02:30", d+"02:00", d+"02:30", d+"02:00", d+"01:30"),
			[]string{"26 02:00", "26 01:30", "26 01:00", "26 00:30", "26 00:00", "25 23:30"},
		},
		"first pass lacks one": {
			column(d+"01:30", d+"02:30", d+"02:00", d+"02:30", d+"03:00"), []string{"25 23:30", "26 00:30", "26 01:00", "26 01:30", "26 02:00"},
		},
		"second pass lacks one": {
			column(d+"01:30", d+"02:00", d+"02:30", d+"02:30", d+"03:00"), []string{"25 23:30", "26 00:00", "26 00:30", "26 01:30", "26 02:00"},
		},
		"one pass": {
			column(d+"01:00", d+"02:00", d+"03:00"), []string{"25 23:00", "26 00:00", "26 02:00"},
		},
		"nothing around": {
			column(d+"02:00", d+"02:00"), []string{"26 00:00", "26 01:00"},
		},
		"repeats": {
			column(d+"02:00", d+"02:30", d+"02:00", d+"02:30", d+"02:00", d+"02:30"),
			[]string{"26 00:00", "26 00:30", "26 01:00", "26 01:30", "26 01:00", "26 01:30"},
		},
		"shuffled, no repeat": {
			column(d+"02:30", d+"02:00"), []string{"26 00:30", "26 00:00"},
		},
		"with offsets": {
			column(d+"02:00+02:00", d+"02:00+01:00", d+"02:30Z", d+"01:00", d+"02:00"),
			[]string{"26 00:00", "26 01:00", "26 02:30", "25 23:00", "26 00:00"},
		},
		"two years": {
			column(d+"02:00", d+"02:00", "2026-10-25 02:00", "2026-10-25 02:00"), []string{"26 00:00", "26 01:00", "25 00:00", "25 01:00"},
		},
		"two series, woven": {
			"series,timestamp,value\na," + d + "02:00,1\nb," + d + "02:00,1\nb," + d + "02:00,1\na," + d + "02:00,1\n",
			[]string{"a 26 00:00", "b 26 00:00", "b 26 01:00", "a 26 01:00"},
		},
		"wide": {
			"timestamp,a,b\n" + d + "01:00,1,1\n" + d + "02:00,1,\n" + d + "02:00,1,1\n" + d + "03:00,,1\n",
			[]string{"a 25 23:00", "b 25 23:00", "a 26 00:00", "a 26 01:00", "b 26 01:00", "b 26 02:00"},
		},
		"summer and winter": {
			column("2025-03-30 01:59", "2025-03-30 03:00", "2025-07-01", "2025-12-01"), []string{"30 00:59", "30 01:00", "30 22:00", "30 23:00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, moments(t, c.content, Options{Timezone: "Europe/Berlin"})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestEachFileHasItsOwnOrder: the same hours in two files are repeats, not the second pass.
func TestEachFileHasItsOwnOrder(t *testing.T) {
	t.Parallel()
	a := write(t, "a.csv", column("2025-10-26 02:00"))
	table, report, err := Load([]string{a, a}, Options{Timezone: "Europe/Berlin"})
	if err != nil || table.Row(0) != table.Row(1) || report.Series != 1 || report.Naive != 2 {
		t.Errorf("%v, %v, report %+v", texts(table), err, report)
	}
}

func TestSkippedHours(t *testing.T) {
	t.Parallel()
	for _, label := range []string{LabelStart, LabelEnd} {
		for name, content := range map[string]string{
			"long": "series,timestamp,value\na,2025-03-30T00:00,1\na,2025-03-30T02:30,2\nb,2025-03-30T02:30,2\na,2025-03-30T00:30,3\na,2025-03-30T01:00,4\n",
			"wide": "timestamp,a,b\n2025-03-30T00:00,1,1\n2025-03-30T02:30,2,2\n2025-03-30T02:30,2,2\n2025-03-30T00:30,3,\n2025-03-30T01:00,4,4\n",
		} {
			path := write(t, "a.csv", content)
			calls := 0
			table, report, err := Load([]string{path}, Options{Timezone: "Europe/Berlin", IntervalLabel: label, Rejected: func(RowError) { calls++ }})
			if err != nil {
				t.Fatal(err)
			}
			if report.Rejected != 2 || calls != report.Rejected ||
				report.Rows != report.Rejected+table.Len() ||
				report.Reasons[0] != (ReasonCount{meter.ReasonBadTimestamp, calls}) {
				t.Errorf("%s, %s: report %+v", name, label, report)
			}
			want := path + `:3: column 2 (timestamp) "2025-03-30T02:30" bad_timestamp`
			if name == "wide" {
				want = path + `:3: column 1 (timestamp) "2025-03-30T02:30" bad_timestamp`
			}
			first := report.First[0]
			if first.Error() != want || !strings.Contains(
				first.Remedy, "clocks in Europe/Berlin skip this time",
			) || !strings.Contains(first.Remedy, "--timezone, Etc/GMT-1 if") {
				t.Errorf("%s, %s: %v: %s", name, label, first.Error(), first.Remedy)
			}
		}
	}
}

func TestLabelsAtTheEnd(t *testing.T) {
	t.Parallel()
	const autumn, spring = "2025-10-26 ", "2025-03-30 "
	for name, c := range map[string]struct {
		content string
		zone    string
		want    []string
	}{
		"utc": {
			content: column("2025-01-01 01:00", "2025-01-01 02:00", "2025-01-01T04:00:00+01:00"), want: []string{"01 00:00", "01 01:00", "01 02:00"},
		},
		"each series its own": {
			content: "series,timestamp,value\na,2025-01-01 01:00,1\nb,2025-01-01 01:00,1\na,2025-01-01 01:15,1\nb,2025-01-01 02:00,1\nc,2025-01-01 02:00,1\na,2025-01-01 01:30,1\n",
			want:    []string{"a 01 00:45", "b 01 00:00", "a 01 01:00", "b 01 01:00", "c 01 01:45", "a 01 01:15"},
		},
		"each column its own": {
			content: "timestamp,a,b\n2025-01-01 01:00,1,1\n2025-01-01 01:30,1,\n2025-01-01 02:00,1,1\n", zone: "Europe/Berlin",
			want: []string{"a 31 23:30", "b 31 23:00", "a 01 00:00", "a 01 00:30", "b 01 00:00"},
		},
		"autumn, counted": {
			content: column(autumn+"01:00", autumn+"02:00", autumn+"03:00", autumn+"03:00", autumn+"04:00"), zone: "Europe/Berlin",
			want: []string{"25 22:00", "25 23:00", "26 00:00", "26 01:00", "26 02:00"},
		},
		"autumn, moments": {
			content: column(autumn+"01:00", autumn+"02:00", autumn+"02:00", autumn+"03:00", autumn+"04:00"), zone: "Europe/Berlin",
			want: []string{"25 22:00", "25 23:00", "26 00:00", "26 01:00", "26 02:00"},
		},
		"spring, counted": {
			content: column(spring+"01:00", spring+"02:00", spring+"04:00", spring+"05:00"), zone: "Europe/Berlin",
			want: []string{"29 23:00", "30 00:00", "30 01:00", "30 02:00"},
		},
		"spring, moments": {
			content: column(spring+"01:00", spring+"03:00", spring+"04:00", spring+"05:00"), zone: "Europe/Berlin",
			want: []string{"29 23:00", "30 00:00", "30 01:00", "30 02:00"},
		},
		"counted, without the doubled hours": {
			content: column(spring+"01:00", spring+"02:00", spring+"04:00", autumn+"02:00", autumn+"04:00", "2024-10-27 02:00", "2024-10-27 04:00", "2024-10-27 05:00", "2024-10-27 06:00", "2024-10-27 07:00"), zone: "Europe/Berlin",
			want: []string{"29 23:00", "30 00:00", "30 01:00", "25 23:00", "26 02:00", "26 23:00", "27 02:00", "27 03:00", "27 04:00", "27 05:00"},
		},
		"wide, half hours, counted": {
			content: "timestamp,a,b\n" + autumn + "02:00,1,1\n" + autumn + "02:30,1,1\n" + autumn + "03:00,1,\n" + autumn + "02:30,1,1\n" + autumn + "03:00,1,1\n" + autumn + "03:30,1,1\n", zone: "Europe/Berlin",
			want: []string{
				"a 25 23:30", "b 25 23:30", "a 26 00:00", "b 26 00:00", "a 26 00:30", "a 26 01:00", "b 26 01:00", "a 26 01:30", "b 26 01:30", "a 26 02:00", "b 26 02:00",
			},
		},
		"days": { // of 23, 24 and 25 hours
			content: column("2025-03-30", "2025-03-31", "2025-10-26", "2025-10-27", "2025-10-28"), zone: "Europe/Berlin",
			want: []string{"28 23:00", "29 23:00", "24 22:00", "25 22:00", "26 23:00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, moments(t, c.content, Options{Timezone: c.zone, IntervalLabel: LabelEnd})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOrderOfFilesDoesNotMatter: a year with both changes comes out whole, whatever the order of
// its days, or upside down, at every step and by every label.
func TestOrderOfFilesDoesNotMatter(t *testing.T) {
	t.Parallel()
	location, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	first := time.Date(2025, 1, 1, 0, 0, 0, 0, location)
	random := rand.New(rand.NewPCG(1, 2))
	for _, step := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour} {
		var days [][]string // lines of one local day
		var want []int64
		for at := first; at.Year() == 2025; at = at.Add(step) {
			if at.Hour() == 0 && at.Minute() == 0 {
				days = append(days, nil)
			}
			days[len(days)-1] = append(days[len(days)-1], at.Format(time.DateTime))
			want = append(want, at.Unix())
		}
		orders := map[string]func() []string{
			"ascending": func() []string { return flat(days) },
			"descending": func() []string {
				lines := flat(days)
				for i, j := 0, len(lines)-1; i < j; i, j = i+1, j-1 {
					lines[i], lines[j] = lines[j], lines[i]
				}
				return lines
			},
			"days shuffled": func() []string {
				shuffled := make([][]string, len(days))
				for i, j := range random.Perm(len(days)) {
					shuffled[i] = days[j]
				}
				return flat(shuffled)
			},
		}
		for name, order := range orders {
			lines := order()
			for _, layout := range []string{column(lines...), "timestamp,m\n" + strings.Join(lines, ",1\n") + ",1\n"} {
				table, report, err := Load([]string{write(t, "a.csv", layout)}, Options{Timezone: "America/New_York"})
				if err != nil || report.Rejected > 0 {
					t.Fatalf("%s, %v: %v, report %+v", name, step, err, report)
				}
				table.SortByTime()
				if table.Len() != len(want) {
					t.Fatalf("%s, %v: %d rows, want %d", name, step, table.Len(), len(want))
				}
				for i, unix := range want {
					if table.Row(i).Unix != unix {
						t.Fatalf(
							"%s, %v: row %d is at %s, want %s",
							name, step, i, table.Row(i).Time(), time.Unix(unix, 0).UTC(),
						)
					}
				}
				if report.Interval != step {
					t.Errorf("interval %v, want %v", report.Interval, step)
				}
			}
		}
	}
}

func flat(days [][]string) []string {
	var lines []string
	for _, day := range days {
		lines = append(lines, day...)
	}
	return lines
}

func TestFarLocalTimes(t *testing.T) {
	t.Parallel()
	for zone, at := range map[string]string{"Asia/Tokyo": "1970-01-01 08:00", "America/New_York": "2200-12-31 20:00"} {
		_, report, err := Load([]string{write(t, "a.csv", column("2025-01-01", at))}, Options{Timezone: zone})
		if err != nil || report.Rejected != 1 || report.First[0].Value != at ||
			report.First[0].Remedy != remedyTime {
			t.Errorf("%s: %v, report %+v", zone, err, fmt.Sprint(report))
		}
	}
}
