package cycle

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/influx"
)

// answerMarks answers with an outage of north.m1 from hour 200 to 210, whose second half was taken away
// again, and with a row that the recorder does not write. InfluxDB answers by series, not by time.
func answerMarks(w http.ResponseWriter, begin time.Time) {
	at := func(hour int) string {
		return begin.Add(time.Duration(hour) * time.Hour).Format(time.RFC3339)
	}
	rows := ""
	for _, r := range [][]string{
		{at(300), "north", "m1", at(205), at(210), "none"},
		{at(250), "north", "m1", at(200), at(210), "outage"},
		{at(260), "north", "m1", "noon", at(210), "outage"},
	} {
		rows += fmt.Sprintf(",,0,%s\r\n", strings.Join(r, ","))
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	_, _ = io.WriteString(w, "#group,false,false,false,true,true,false,false,false\r\n"+
		"#datatype,string,long,dateTime:RFC3339,string,string,string,string,string\r\n"+
		"#default,_result,,,,,,,\r\n"+
		",result,table,_time,site,meter,from,until,reason\r\n"+rows+"\r\n")
}

// stored answers queries as InfluxDB does: the hours of two meters in the range
// that was asked for, in annotated CSV.
func stored(
	t *testing.T, begin time.Time, hours int, fail func(w http.ResponseWriter, query int64) bool,
) *influx.Reader {
	t.Helper()
	asked := regexp.MustCompile(`range\(start: (\S+), stop: (\S+)\)`)
	var queries atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Query string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		ofMarks := strings.Contains(body.Query, `r._measurement == "mark"`)
		n := int64(0)
		if !ofMarks {
			n = queries.Add(1)
		}
		if fail != nil && fail(w, n) {
			return
		}
		if ofMarks {
			answerMarks(w, begin)
			return
		}
		m := asked.FindStringSubmatch(body.Query)
		from, _ := time.Parse(time.RFC3339, m[1])
		until, _ := time.Parse(time.RFC3339, m[2])
		if until.Sub(from) > influxSpan || !strings.Contains(body.Query,
			`r._measurement == "reading"`) {
			t.Errorf("asked for %s", body.Query)
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		for table, meter := range []string{"m1", "m2"} {
			rows := ""
			for i := range hours {
				if at := begin.Add(time.Duration(i) * time.Hour); !at.Before(from) &&
					at.Before(until) {
					quality := ""
					if i%100 == 99 {
						quality = "BAD"
					}
					rows += fmt.Sprintf(",,%d,%s,%s,%s,reading,%s,north,%d,kWh,%s\r\n", table, m[1],
						m[2], at.Format(time.RFC3339), meter, i*(table+1), quality)
				}
			}
			if rows == "" {
				continue
			}
			_, _ = io.WriteString(w,
				"#group,false,false,true,true,false,true,true,true,false,false,false\r\n"+
					"#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,string,string,string,double,string,string\r\n"+
					"#default,_result,,,,,,,,,,\r\n"+
					",result,table,_start,_stop,_time,_measurement,meter,site,value,unit,quality\r\n"+rows+"\r\n")
		}
	}))
	t.Cleanup(server.Close)
	cfg := flagtest.Defaults[influx.Config](t)
	cfg.URL = server.URL
	r, err := influx.NewReader(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// History is read span by span; what the server does not answer at once is asked
// for again, and nothing comes twice.
func TestInfluxIsRead(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const hours = 70 * 24
	r := stored(t, begin, hours, func(w http.ResponseWriter, query int64) bool {
		if query == 2 || query == 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	})
	b := dataset.NewBuilder()
	if err := (Influx{Reader: r, Back: 70 * 24 * time.Hour,
		Until: func() time.Time { return begin.AddDate(0, 0, 60) }, Pause: time.Millisecond}).
		Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	all := b.Build()
	if len(all) != 2 || all[1].ID.String() != "north.m2" || all[1].Unit != "kWh" ||
		all[0].Start(all[0].Ring.First()) != begin.Unix() {
		t.Fatalf("%d histories: %+v", len(all), all)
	}
	got := values(all[1])
	if len(got) != 60*24 || got[98] != 196 || got[99] != got[75] || got[60*24-1] != 2*(60*24-1) {
		t.Errorf("%d values: %v", len(got), got[:110])
	}
	if n := dataset.Marked(all, begin.Unix(), begin.AddDate(0, 0, 60).Unix()); n != 5 {
		t.Errorf("%d hours are marked, want 5 of m1", n)
	}
	if slices.Max(values(all[0])) != 60*24-1 {
		t.Error("the last hour is missing")
	}
}

func TestInfluxThatIsAway(t *testing.T) {
	t.Parallel()
	tries := 0
	for name, c := range map[string]struct {
		status, tries int
		words         string
	}{"away": {503, influxTries, "503"}, "refused": {401, 1, "LOADTIDE_INFLUX_TOKEN"}} {
		tries = 0
		r := stored(t, time.Now(), 0, func(w http.ResponseWriter, _ int64) bool {
			tries++
			w.WriteHeader(c.status)
			return true
		})
		err := Influx{Reader: r, Back: time.Hour, Until: time.Now,
			Pause: time.Millisecond}.Load(t.Context(), dataset.NewBuilder())
		if err == nil || !strings.Contains(err.Error(), c.words) || tries != c.tries {
			t.Errorf("%s: %d tries, %v", name, tries, err)
		}
	}
}
