package endtoend

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/influx"
)

// asker puts a dashboard's queries to its data sources, as Grafana would.
type asker struct {
	prometheus string // its address
	influx     influx.Config
	began      time.Time
	values     map[string]string // of the dashboard's variables
}

// frame is an answer: the columns of its tables, what rows hold of a column of text, and how many
// rows have a value.
type frame struct {
	tables  int
	columns []string
	texts   map[string][]string
	rows    int
}

// zoom is the range that Prometheus is asked about: the dashboard's own is weeks, of which data
// flow for minutes.
const zoom = 15 * time.Minute

// substitute puts values in the place of variables and of what the data source fills in. Nothing
// may be left.
func (a asker) substitute(query string, d dashboard, now time.Time) (string, error) {
	from, err := moment(d.Time.From, now)
	if err != nil {
		return "", err
	}
	to, err := moment(d.Time.To, now)
	if err != nil {
		return "", err
	}
	replace := []string{
		"v.timeRangeStart", from.Format(time.RFC3339Nano), "v.timeRangeStop", to.Format(time.RFC3339Nano),
		"v.defaultBucket", strconv.Quote(a.influx.Bucket),
		"$__rate_interval", "40s", "$__range", "15m", // four scrapes of the provisioned 10 s; zoom
	}
	for name, value := range a.values {
		replace = append(replace, "${"+name+"}", value, "$"+name, value)
	}
	text := strings.NewReplacer(replace...).Replace(query)
	if left := regexp.MustCompile(`\$[{\w]+|\bv\.\w+`).FindString(text); left != "" {
		return "", fmt.Errorf("nobody fills in %s in %s", left, text)
	}
	return text, nil
}

// moment reads one end of a dashboard's range: now, now-3d, now+36h.
func moment(text string, now time.Time) (time.Time, error) {
	m := regexp.MustCompile(`^now(?:([+-]\d+)([hd]))?$`).FindStringSubmatch(text)
	if m == nil {
		return now, fmt.Errorf("a range's end %q is not now, now-3d or now+36h", text)
	}
	if m[1] == "" {
		return now, nil
	}
	n, err := strconv.Atoi(m[1])
	if m[2] == "d" {
		n *= 24
	}
	return now.Add(time.Duration(n) * time.Hour), err
}

// ask runs a target of a panel.
func (a asker) ask(ctx context.Context, target dashboardTarget, d dashboard) (frame, error) {
	if target.Query != "" {
		return a.flux(ctx, target.Query, d)
	}
	now := time.Now()
	query, err := a.substitute(target.Expr, d, now)
	if err != nil {
		return frame{}, err
	}
	if target.Instant {
		return a.promql(ctx, "/api/v1/query", url.Values{"query": {query}, "time": {seconds(now)}})
	}
	begin := now.Add(-zoom)
	if a.began.After(begin) {
		begin = a.began
	}
	return a.promql(ctx, "/api/v1/query_range", url.Values{
		"query": {query}, "start": {seconds(begin)}, "end": {seconds(now)}, "step": {"2"},
	})
}

func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}

// promql counts the samples that are numbers; a quantile of nothing is none.
func (a asker) promql(ctx context.Context, path string, form url.Values) (frame, error) {
	body, err := post(
		ctx, a.prometheus+path, "application/x-www-form-urlencoded", "", []byte(form.Encode()),
	)
	if err != nil {
		return frame{}, fmt.Errorf("%w: %s", err, form.Get("query"))
	}
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Value  [2]any
				Values [][2]any
			}
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Status != "success" {
		return frame{}, fmt.Errorf("%s: %v %s", form.Get("query"), err, body)
	}
	f := frame{tables: len(answer.Data.Result)}
	for _, series := range answer.Data.Result {
		for _, sample := range append(series.Values, series.Value) {
			text, _ := sample[1].(string)
			if v, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(v) {
				f.rows++
			}
		}
	}
	return f, nil
}

// flux runs a query of Flux.
func (a asker) flux(ctx context.Context, query string, d dashboard) (frame, error) {
	text, err := a.substitute(query, d, time.Now().UTC())
	if err != nil {
		return frame{}, err
	}
	request, err := json.Marshal(
		map[string]any{
			"query": text, "dialect": map[string]any{"header": true, "annotations": []string{}},
		},
	)
	if err != nil {
		return frame{}, err
	}
	body, err := post(
		ctx, a.influx.URL+"/api/v2/query?org="+url.QueryEscape(a.influx.Org), "application/json",
		a.influx.Token.Reveal(), request,
	)
	if err != nil {
		return frame{}, fmt.Errorf("%w: %s", err, text)
	}
	f := frame{texts: map[string][]string{}}
	reader := csv.NewReader(bytes.NewReader(body))
	reader.FieldsPerRecord = -1
	var header []string
	seen := map[string]bool{}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return f, fmt.Errorf("%w in %s", err, body)
		}
		if len(record) > 1 && slices.Contains([]string{"result", "error"}, record[1]) {
			if header = record; record[1] == "error" {
				return f, fmt.Errorf("%s: %s", text, body)
			}
			continue
		}
		f.rows++
		if !seen[record[2]] { // the number of its table
			seen[record[2]] = true
			f.tables++
		}
		for i, column := range header[3:] {
			if !slices.Contains(f.columns, column) {
				f.columns = append(f.columns, column)
			}
			f.texts[column] = append(f.texts[column], record[i+3])
		}
	}
}

// post sends a request and wants 200.
func post(ctx context.Context, to, kind, token string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", kind)
	request.Header.Set("Accept", "application/csv")
	if token != "" {
		request.Header.Set("Authorization", "Token "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return answer, err
}

func TestQueriesOfDashboardsAreFilledIn(t *testing.T) {
	t.Parallel()
	a := asker{
		influx: influx.Config{Bucket: "b"}, values: map[string]string{"site": "north", "lead": "24"},
	}
	var d dashboard
	d.Time.From, d.Time.To = "now-3d", "now+36h"
	now := time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC)
	for query, want := range map[string]string{
		`from(bucket: v.defaultBucket) |> range(start: v.timeRangeStart, stop: v.timeRangeStop)`: `from(bucket: "b") |> range(start: 2026-01-28T14:00:00Z, stop: 2026-02-02T02:00:00Z)`,
		`r.site == "${site}" and r._field =~ /^p(10|90)$/`:                                       `r.site == "north" and r._field =~ /^p(10|90)$/`,
		`rate(x{lead="$lead"}[$__rate_interval])`:                                                `rate(x{lead="24"}[40s])`,
		`r.meter == "${meter}"`:                                                                  "",
		`rate(x[$__interval])`:                                                                   "",
		`v.windowPeriod`:                                                                         "",
	} {
		got, err := a.substitute(query, d, now)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v, want %q", query, got, err, want)
		}
	}
}
