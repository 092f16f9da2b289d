package tabular

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/servertest"
)

func TestRealFiles(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	dir := servertest.PublicReadings(t)
	zones := Options{SeriesColumn: "zone", TimeColumn: "Datetime", ValueColumn: "MW", Timezone: "America/New_York", IntervalLabel: LabelEnd}
	one := zones
	one.Series = "NI"
	sgsc := Options{SeriesColumn: "customer_id", TimeColumn: "reading_datetime", ValueColumn: "general_supply_kwh", Timezone: "Australia/Sydney"}
	for name, c := range map[string]struct {
		file     string
		opts     Options
		want     FileReport
		rejected []ReasonCount
		hours    map[string][]float64 // values by "series time", in file order
	}{
		"edrp": {
			file: "edrp_scotland_households_30min.csv.gz",
			want: FileReport{Layout: LayoutWide, Rows: 422 * 4416, Series: 422, Interval: 30 * time.Minute, From: utc("2009-03-01T00:00"), Until: utc("2009-05-31T23:30"), Naive: 4416},
			hours: map[string][]float64{
				"default.X1 2009-03-01T00:00:00Z": {0.086}, "default.X3 2009-03-01T00:30:00Z": {0.059},
			},
		},
		"sgsc": {
			// The file has every half hour of the days on which Sydney's clocks skip two of them, and none
			// twice where they go back.
			file: "sgsc_australia_households_30min.csv.gz", opts: sgsc, rejected: []ReasonCount{{meter.ReasonBadTimestamp, 36}},
			want: FileReport{Layout: LayoutLong, Rows: 293_874, Rejected: 36, Series: 10, Interval: 30 * time.Minute, From: utc("2012-02-09T21:00"), Until: utc("2014-03-03T01:00"), Naive: 293_874, Unit: "kWh", Units: 10},
			hours: map[string][]float64{
				"default.10006414 2012-02-09T21:00:00Z": {0.141},
				"default.10006414 2012-03-31T15:30:00Z": {0.082}, // 02:30, summer time
				"default.10006414 2012-03-31T16:00:00Z": nil,     // 02:00 again
				"default.10006414 2012-03-31T17:00:00Z": {0.061}, // 03:00
				"default.10006414 2012-10-06T15:30:00Z": {0.055}, // 01:30
				"default.10006414 2012-10-06T16:00:00Z": {0.056}, // 03:00
			},
		},
		"pjm": {
			file: "pjm_zones_hourly.csv.gz", opts: zones,
			want: FileReport{Layout: LayoutLong, Rows: 751_749, Series: 9, Interval: time.Hour, From: utc("2002-04-01T05:00"), Until: utc("2018-01-01T03:00"), Naive: 751_749, Unit: "MW", Units: 9},
			hours: map[string][]float64{
				"default.DAYTON 2014-11-02T04:00:00Z": {1682},  // label 01:00, summer time
				"default.DAYTON 2014-11-02T05:00:00Z": {1623},  // 02:00
				"default.DAYTON 2014-11-02T06:00:00Z": {1634},  // 02:00 again
				"default.DAYTON 2014-11-02T07:00:00Z": {1618},  // 03:00
				"default.AEP 2014-03-09T06:00:00Z":    {13140}, // 02:00, winter time
				"default.AEP 2014-03-09T07:00:00Z":    {13008}, // 04:00
				"default.AEP 2014-03-09T08:00:00Z":    {13170},
			},
		},
		"pjm, one zone": { // lacks the hours that autumn doubles
			file: "pjm_zones_hourly.csv.gz", opts: one,
			want: FileReport{Layout: LayoutLong, Rows: 58_450, Series: 1, Interval: time.Hour, From: utc("2004-05-01T04:00"), Until: utc("2011-01-01T04:00"), Naive: 58_450, Unit: "MW", Units: 1},
			hours: map[string][]float64{
				"default.NI 2010-11-07T04:00:00Z": {9590}, // label 01:00, summer time
				"default.NI 2010-11-07T05:00:00Z": nil,
				"default.NI 2010-11-07T06:00:00Z": nil,
				"default.NI 2010-11-07T07:00:00Z": {8698}, // 03:00
				"default.NI 2010-03-14T06:00:00Z": {9309}, // 02:00
				"default.NI 2010-03-14T07:00:00Z": {9022}, // 04:00
			},
		},
		"vic": {
			file: "vic_electricity.csv.gz", opts: Options{Series: "vic", TimeColumn: "Time", ValueColumn: "Demand"},
			want:  FileReport{Layout: LayoutOne, Rows: 52_608, Series: 1, Interval: 30 * time.Minute, From: utc("2011-12-31T13:00"), Until: utc("2014-12-31T12:30")},
			hours: map[string][]float64{"default.vic 2011-12-31T13:30:00Z": {4263.365526}},
		},
		"etth1": {
			file: "ETTh1.csv.gz", opts: Options{TimeColumn: "date"},
			want:  FileReport{Layout: LayoutWide, Rows: 7 * 17_420, Series: 7, Interval: time.Hour, From: utc("2016-07-01T00:00"), Until: utc("2018-06-26T19:00"), Naive: 17_420},
			hours: map[string][]float64{"default.OT 2016-07-01T01:00:00Z": {27.78700065612793}},
		},
		"liander": {
			file: "liander_locations_15min.csv.gz", opts: Options{SeriesColumn: "pid", TimeColumn: "index", ValueColumn: "load"}, rejected: []ReasonCount{{meter.ReasonNotANumber, 774}},
			want: FileReport{Layout: LayoutLong, Rows: 46_084, Rejected: 774, Series: 4, Interval: 15 * time.Minute, From: utc("2020-10-02T09:45"), Until: utc("2021-01-28T09:45")},
		},
		"hourly": {
			file: "hourly/pjm.csv.gz",
			want: FileReport{Layout: LayoutLong, Rows: 280_512, Series: 8, Interval: time.Hour, From: utc("2014-01-01T00:00"), Until: utc("2017-12-31T23:00")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.want.File = filepath.Join(dir, filepath.FromSlash(c.file))
			table, report, err := Load([]string{c.want.File}, c.opts)
			if err != nil {
				t.Fatal(err)
			}
			if report.Files[0] != c.want {
				t.Errorf("report %+v\nwant   %+v", report.Files[0], c.want)
			}
			if !slices.Equal(report.Reasons, c.rejected) || len(report.Warnings) > 0 ||
				table.Len() != c.want.Rows-c.want.Rejected {
				t.Errorf("rejected %v, want %v; warnings %q", report.Reasons, c.rejected, report.Warnings)
			}
			got := map[string][]float64{}
			for r := range table.All() {
				if key := table.Name(r).String() + " " + r.Time().Format(time.RFC3339); c.hours != nil {
					if _, ok := c.hours[key]; ok {
						got[key] = append(got[key], r.Value)
					}
				}
			}
			for key, want := range c.hours {
				if !slices.Equal(got[key], want) {
					t.Errorf("%s is %v, want %v", key, got[key], want)
				}
			}
			wantOnce(t, table)
		})
	}
}

// wantOnce fails when a series has two readings of one moment: the doubled hours of all files are
// told apart.
func wantOnce(t *testing.T, table *Table) {
	t.Helper()
	table.SortByTime()
	last := make([]int64, len(table.Series))
	for r := range table.All() {
		if last[r.Series] == r.Unix {
			t.Fatalf("%s has two readings at %s", table.Name(r), r.Time())
		}
		last[r.Series] = r.Unix
	}
}

func utc(text string) time.Time {
	at, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		panic(err)
	}
	return at
}
