package influx

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/secret"
)

// answer is the answer of an InfluxDB 2 server to the reader's query: annotated CSV with CRLF and
// an empty line after each table. It has two series, one with a unit and one with a hole.
const answer = "#group,false,false,true,true,false,true,true,true,false,false\r\n" +
	"#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,string,string,string,double,string\r\n" +
	"#default,_result,,,,,,,,,\r\n" +
	",result,table,_start,_stop,_time,_measurement,meter,site,value,unit\r\n" +
	",,0,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,2026-01-31T13:00:00Z,reading,m17,north,1.234,kWh\r\n" +
	",,0,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,2026-01-31T14:00:00Z,reading,m17,north,,kWh\r\n" +
	"\r\n" +
	"#group,false,false,true,true,false,true,true,true,false\r\n" +
	"#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,string,string,string,long\r\n" +
	"#default,_result,,,,,,,,\r\n" +
	",result,table,_start,_stop,_time,_measurement,meter,site,value\r\n" +
	",,1,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,2026-01-31T13:00:00.5Z,reading,\"m,18\",south,-7\r\n" +
	"\r\n"

// failing is the end of an answer when the query fails after some rows.
const failing = "#group,true,true\r\n#datatype,string,string\r\n#default,,\r\n,error,reference\r\n,engine: shard is gone,897\r\n"

func reader(t *testing.T, most int64, handle http.HandlerFunc) *Reader {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	cfg := flagtest.Defaults[Config](t)
	cfg.URL, cfg.Token, cfg.Bucket = server.URL, secret.New("secret-canary"), `od"d${1}`
	r, err := newReader(cfg, most)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

var from, until = time.Date(
	2026, 1, 1, 0, 0, 0, 0, time.UTC,
), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)

func TestRowsAreRead(t *testing.T) {
	t.Parallel()
	for _, zipped := range []bool{false, true} {
		r := reader(t, maxBytes, func(w http.ResponseWriter, req *http.Request) {
			var body struct{ Query, Type string }
			if err := json.NewDecoder(req.Body).Decode(&body); err != nil || body.Type != "flux" ||
				req.URL.Path != "/api/v2/query" ||
				req.URL.Query().Get("org") != "loadtide" ||
				req.Header.Get("Authorization") != "Token secret-canary" {
				t.Errorf("%s of %+v, %v", req.URL, body, err)
			}
			for _, part := range []string{
				`from(bucket: "od\"d\${1}")`, "range(start: 2026-01-01T00:00:00Z, stop: 2026-02-01T00:00:00Z)",
				`r._measurement == "reading"`, "pivot(",
			} {
				if !strings.Contains(body.Query, part) {
					t.Errorf("no %s in\n%s", part, body.Query)
				}
			}
			w.Header().Set("Content-Type", "text/csv; charset=utf-8")
			if !zipped {
				_, _ = io.WriteString(w, answer)
				return
			}
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, answer)
			_ = z.Close()
		})
		var got []string
		err := r.Read(t.Context(), "reading", from, until, func(row Row) error {
			v, ok := row.Number("value")
			got = append(
				got,
				fmt.Sprint(
					row.Text("site"), " ", row.Text("meter"), " ", row.Time.Format(time.RFC3339Nano), " ", v, ok,
					" ", row.Text("unit"), row.Text("none"),
				),
			)
			return nil
		})
		want := "north m17 2026-01-31T13:00:00Z 1.234 true kWh|north m17 2026-01-31T14:00:00Z 0 false " +
			"kWh|south m,18 2026-01-31T13:00:00.5Z -7 true "
		if s := strings.Join(got, "|"); err != nil || s != want {
			t.Errorf("zipped %t:\n%s\nwant\n%s\n%v", zipped, s, want, err)
		}
	}
}

func TestQueriesThatFail(t *testing.T) {
	t.Parallel()
	csv := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/csv; charset=utf-8")
			_, _ = io.WriteString(w, body)
		}
	}
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, c := range map[string]struct {
		handle http.HandlerFunc
		most   int64
		kind   Kind
		words  string
	}{
		"no token": {
			status(401, `{"code":"unauthorized","message":"unauthorized access"}`), maxBytes, KindConfig,
			"read access",
		},
		"no bucket": {
			status(404, `{"code":"not found","message":"bucket not found"}`), maxBytes, KindConfig,
			"--influx-bucket",
		},
		"busy": {
			status(503, `{"code":"unavailable","message":"wait"}`), maxBytes, KindRetry, "503",
		},
		"redirect": {
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
			},
			maxBytes, KindConfig, "redirects are not followed",
		},
		"breaks off": {csv(answer + failing), maxBytes, KindRetry, "shard is gone"},
		"a page": {
			func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "<html>welcome</html>")
			},
			maxBytes, KindRetry, "not text/csv",
		},
		"too long":       {csv(answer), 200, KindRetry, "too long"},
		"no annotations": {csv(",a,b\r\n,1,2\r\n"), maxBytes, KindRetry, "annotations not found"},
		"half a body": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/csv")
			w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
			_, _ = io.WriteString(w, answer[:len(answer)/2])
		}, maxBytes, KindRetry, "breaks off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := reader(t, c.most, c.handle).Read(
				t.Context(), "reading", from, until, func(Row) error { return nil },
			)
			var failure *Error
			if !errors.As(err, &failure) || failure.Kind != c.kind || !strings.Contains(err.Error(), c.words) ||
				!strings.HasPrefix(err.Error(), "read from influxdb: ") ||
				strings.Contains(err.Error(), "canary") {
				t.Errorf("%v", err)
			}
		})
	}
	stop := errors.New("enough")
	if err := reader(t, maxBytes, csv(answer)).Read(
		t.Context(), "reading", from, until, func(Row) error { return stop },
	); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	if _, err := NewReader(Config{}); err == nil || !strings.Contains(err.Error(), "influx-url") {
		t.Errorf("%v", err)
	}
}

// An answer of too many rows ends with ErrTooLong.
func TestRowsAreBounded(t *testing.T) {
	t.Parallel()
	r := reader(t, maxBytes, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		_, _ = io.WriteString(w, answer)
	})
	for most, whole := range map[int]bool{1: false, 2: false, 3: true} {
		r.MaxRows = most
		rows := 0
		err := r.Read(t.Context(), "reading", from, until, func(Row) error { rows++; return nil })
		if (err == nil) != whole || errors.Is(err, ErrTooLong) == whole || rows != most {
			t.Errorf("at most %d rows: %d, %v", most, rows, err)
		}
	}
}

// An answer of too many bytes ends with ErrTooLong too, so that a caller asks for a shorter time.
func TestBytesAreBounded(t *testing.T) {
	t.Parallel()
	for most, whole := range map[int64]bool{
		int64(len(answer)) / 2: false, int64(len(answer)) - 1: false, int64(len(answer)): true,
	} {
		r := reader(t, most, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/csv")
			_, _ = io.WriteString(w, answer)
		})
		err := r.Read(t.Context(), "reading", from, until, func(Row) error { return nil })
		if (err == nil) != whole || errors.Is(err, ErrTooLong) == whole {
			t.Errorf("at most %d bytes: %v", most, err)
		}
	}
}

// A server without rows answers an empty line.
func TestNothingStored(t *testing.T) {
	t.Parallel()
	r := reader(t, maxBytes, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		_, _ = io.WriteString(w, "\r\n")
	})
	if err := r.Read(
		t.Context(), "reading", from, until, func(Row) error { return errors.New("a row") },
	); err != nil {
		t.Error(err)
	}
}
