package tabular

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A Parquet file is read as delimited text of the same rows is.
func TestLoadParquet(t *testing.T) {
	t.Parallel()
	path := filepath.Join("parquet", "testdata", "groups.parquet")
	table, report, err := Load([]string{path}, Options{Unit: "kWh"})
	if err != nil {
		t.Fatal(err)
	}
	same, _, err := Load(
		[]string{strings.TrimSuffix(path, "parquet") + "csv"}, Options{Unit: "kWh"},
	)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(texts(same), texts(table)); diff != "" {
		t.Error(diff)
	}
	if report.Series != 3 || report.Interval == 0 || report.Rows != 50 {
		t.Errorf("%+v", report)
	}
	_, _, err = Load([]string{path}, Options{MaxRows: 49})
	if err == nil || !strings.Contains(err.Error(), "more than 49 rows") {
		t.Error(err)
	}
}

func TestParquetRefused(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"PAR1":                         "unexpected EOF",
		"PAR1\x00\x00\x00\x00PARE":     "it is encrypted",
		"PAR1\x00\x01\x00\x00\x00PAR1": "no column of single values",
		// A list that claims two thousand million elements.
		"PAR1\x29\xfc\xff\xff\xff\xff\x07\x07\x00\x00\x00PAR1": "unexpected EOF",
		zipped(t, "PAR1 and more"):                             "inside of a compressed one",
	} {
		_, _, err := loaded(t, content, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", content, err)
		}
	}
}
