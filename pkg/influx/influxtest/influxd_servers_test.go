package influxtest_test

import (
	"os"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
)

func TestMain(m *testing.M) { os.Exit(influxtest.Main(m)) }

// TestServerStoresAndAnswers: the reader returns the points that the writer has written to a real
// influxd.
func TestServerStoresAndAnswers(t *testing.T) {
	t.Parallel()
	cfg := influxtest.Server(t)
	w, err := influx.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	at := time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC)
	p := influx.Point{Measurement: "reading", Tags: []influx.Tag{
		{Key: "site", Value: "north"}, {Key: "meter", Value: "m17"},
	},
		Fields: []influx.Field{{Key: "value", Value: 1.25}, {Key: "unit", Value: "kWh"}}, Time: at}
	if err := w.Write(t.Context(), []influx.Point{p}); err != nil {
		t.Fatal(err)
	}
	r, err := influx.NewReader(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rows := 0
	each := func(row influx.Row) error {
		rows++
		if v, ok := row.Number("value"); !ok || v != 1.25 || row.Text("unit") != "kWh" ||
			row.Text("meter") != "m17" || !row.Time.Equal(at) {
			t.Errorf("row %+v", row)
		}
		return nil
	}
	err = r.Read(t.Context(), "reading", at.Add(-time.Hour), at.Add(time.Hour), each)
	if err != nil || rows != 1 {
		t.Errorf("%d rows, %v", rows, err)
	}
}
