package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// loadCSV parses flags and loads a file with them; it returns what is shown of
// it.
func loadCSV(t *testing.T, path string, args ...string) (string, tabular.Report, error) {
	t.Helper()
	var c struct {
		CSV csvFlags `embed:""`
	}
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
		t.Fatal(err)
	}
	options, done, err := c.CSV.open([]string{path})
	if err != nil {
		return "", tabular.Report{}, err
	}
	_, report, err := tabular.Load([]string{path}, options)
	if err := errors.Join(err, done()); err != nil {
		return "", report, csvError(err)
	}
	var shown bytes.Buffer
	show := newScreen(&shown)
	c.CSV.showFiles(show, report)
	showRejected(show, report)
	return strings.ReplaceAll(shown.String(), path, "FILE"), report, nil
}

func writeCSV(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFileLine(t *testing.T) {
	t.Parallel()
	wide := "timestamp,a,meter 1\n2026-01-31 13:00,1,2\n2026-01-31 13:30,1,2\n"
	for name, c := range map[string]struct {
		content string
		args    []string
		want    string
	}{
		"wide": {
			wide, []string{"--unit", "kWh"},
			"FILE: wide, 2 series, 30 min, kWh, 2026-01-31 to 2026-01-31, times read as UTC (no offset in the file; --timezone changes it)\n" +
				"warn: names of series may have letters, digits, _ and - alone: \"meter 1\" is read as default.meter_1\n",
		},
		"zone and label": {
			wide, []string{"--timezone", "Europe/Berlin", "--interval-label", "end", "--series", "a"},
			"FILE: wide, 1 series, 30 min, 2026-01-31 to 2026-01-31, times read in Europe/Berlin, labelled by the end\n" +
				"warn: FILE: no unit is given, so readings every 30 min count as power, and are averaged " +
				"where they are joined; say --unit kWh if they are energy\n",
		},
		"unknown unit": {
			wide, []string{"--unit", "kWhh", "--timezone", "UTC", "--series", "a"},
			"FILE: wide, 1 series, 30 min, kWhh, 2026-01-31 to 2026-01-31, times read in UTC\n" +
				"warn: the unit \"kWhh\" is none of energy and none of power: readings count as power, " +
				"and are averaged where they are joined; say kWh or kW, or --kind energy\n",
		},
		"unknown unit of a kind": {
			wide, []string{"--unit", "m3", "--kind", "energy", "--timezone", "UTC", "--series", "a"},
			"FILE: wide, 1 series, 30 min, m3, 2026-01-31 to 2026-01-31, times read in UTC\n",
		},
		"kind": {
			wide, []string{"--kind", "power", "--timezone", "UTC", "--series", "a"},
			"FILE: wide, 1 series, 30 min, 2026-01-31 to 2026-01-31, times read in UTC\n",
		},
		"other columns": {
			"id,at,kw\nm,2026-01-30,1\nm,2026-01-31,1\n", []string{"--series-column", "id", "--time-column", "at", "--value-column", "kw", "--timezone", "UTC"},
			"FILE: long, 1 series, 1 d, kW, 2026-01-30 to 2026-01-31, times read in UTC\n",
		},
		"one series": {
			"timestamp,value\n2026-01-31T13:00:00Z,1\n", []string{"--series", "m"}, "FILE: one series, 2026-01-31 to 2026-01-31\n",
		},
		"rejected": {
			"series,timestamp,value\nm,2026-01-31T13:00:00Z,1\nm,2026-01-31T14:00:00Z,n/a\nm,2026-01-31T15:00:00Z,1\nm,2026-01-31T17:00:00Z,1\n", nil,
			"FILE: long, 1 series, 2 h, 2026-01-31 to 2026-01-31\nwarn: FILE: 1 of 4 rows rejected: FILE:3: column 3 (value) \"n/a\" not_a_number\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _, err := loadCSV(t, writeCSV(t, c.content), c.args...)
			if err != nil || got != c.want {
				t.Errorf("got  %swant %s%v", got, c.want, err)
			}
		})
	}
}

func TestRejectsFile(t *testing.T) {
	t.Parallel()
	content := "series,timestamp,value\nm,2026-01-31T13:00:00Z,1\nm,never,1\nm,2026-01-31T14:00:00Z,x\nm,2026-01-31T14:00:00Z,y\n"
	path := writeCSV(t, content)
	rejects := filepath.Join(t.TempDir(), "rejects")
	_, report, err := loadCSV(t, path, "--rejects", rejects)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := rejectedWords(report), "3 rejected: 2 not_a_number, 1 bad_timestamp"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	written, err := os.ReadFile(rejects)
	if want := path + `:3: column 2 (timestamp) "never" bad_timestamp` + "\n" + path + `:4: `; err != nil || !strings.HasPrefix(string(written), want) || strings.Count(string(written), "\n") != 3 {
		t.Errorf("rejects hold %q, %v", written, err)
	}
	link := filepath.Join(filepath.Dir(path), ".", "b.csv")
	if err := os.Link(path, link); err != nil {
		t.Skip("no links here: ", err)
	}
	if _, _, err := loadCSV(t, path, "--rejects", link); service.ExitCode(err) != service.ExitUsage {
		t.Errorf("rejects over the file to read: %v", err)
	}
	if kept, err := os.ReadFile(path); err != nil || string(kept) != content {
		t.Errorf("the file to read holds %q, %v", kept, err)
	}
}

func TestCSVErrorsTellTheRemedy(t *testing.T) {
	t.Parallel()
	path := writeCSV(t, "series,timestamp,value\nm,2026-01-31,\"1,234\"\n")
	for want, c := range map[string]struct {
		args []string
		code int
	}{
		"none of 1 rows is usable; first: ":   {nil, service.ExitFailed},
		`no column "kwh"`:                     {[]string{"--value-column", "kwh"}, service.ExitFailed},
		`--timezone "Mars/X" is no time zone`: {[]string{"--timezone", "Mars/X"}, service.ExitUsage},
		`n" is no name of a series`:           {[]string{"--series", strings.Repeat("n", 65)}, service.ExitUsage},
		`--rejects: open ` + path:             {[]string{"--rejects", path + "/b"}, service.ExitFailed},
	} {
		_, _, err := loadCSV(t, path, c.args...)
		if err == nil || !strings.Contains(err.Error(), want) || service.ExitCode(err) != c.code {
			t.Errorf("%v: %v, exit code %d; want %q, %d", c.args, err, service.ExitCode(err), want, c.code)
		}
		var hint *service.HintError
		if errors.As(err, &hint) && len(hint.Fix) == 0 {
			t.Errorf("%v has no remedy", err)
		}
	}
}
