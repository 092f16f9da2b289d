package endtoend

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// TestDashboardsShowARunningSystem runs every query of every dashboard, those of variables and
// marks too, against a real Prometheus and a real InfluxDB while readings flow, and wants rows from
// each. What a healthy system has none of is brought about: a silent meter, flagged and refused
// readings, events.
func TestDashboardsShowARunningSystem(t *testing.T) {
	t.Parallel()
	database := influxtest.Server(t)
	f := newShownFleet(t, database)
	prometheus := startPrometheus(
		t, "forecaster:9464", f.admins[0], "recorder:9466", f.admins[1], "trainer:9465", f.admins[2],
	)
	a := asker{prometheus: prometheus.url, influx: database, began: time.Now()}
	a.scraped(t, len(f.admins))
	f.train(t)
	flow := make(chan error, 1)
	go func() { flow <- f.live(t.Context()) }()
	var all []*question
	for _, name := range slices.Sorted(maps.Keys(dashboards(t))) {
		d := dashboards(t)[name]
		values, asked := f.values(t, d)
		for _, m := range d.Annotations.List {
			if m.Target.Query != "" {
				asked = append(asked, &question{what: "marks " + m.Name, target: dashboardTarget{Query: m.Target.Query}, wrong: func(got frame) string {
					return lacks(got.columns, "time", "text")
				}})
			}
		}
		for _, p := range d.Panels {
			asked = append(asked, p.questions()...)
		}
		for _, q := range asked {
			q.what, q.dashboard, q.values = name+": "+q.what, d, values
		}
		all = append(all, asked...)
	}
	a.askAll(t, all)
	if err := <-flow; err != nil {
		t.Fatal(err)
	}
	for _, q := range all {
		if q.panel != nil && q.last {
			q.panel.check(t, q)
		}
	}
}

// question is one query of a dashboard. It is answered once it has rows of which wrong says
// nothing.
type question struct {
	what      string
	dashboard dashboard
	values    map[string]string
	target    dashboardTarget
	wrong     func(frame) string
	panel     *dashboardPanel // nil for a variable or marks
	before    *question       // of the same panel
	last      bool            // of its panel
	answer    frame
}

// questions are the queries of a panel. What it draws must come as one table: a second one would
// have labels, and labels become the names of its columns.
func (p dashboardPanel) questions() []*question {
	var all []*question
	for i, target := range p.Targets {
		q := &question{what: fmt.Sprintf("panel %q", p.Title), target: target, panel: &p, last: i == len(p.Targets)-1, wrong: func(got frame) string {
			if target.Query != "" && got.tables != 1 {
				return fmt.Sprintf("%d tables", got.tables)
			}
			return ""
		}}
		if i > 0 {
			q.before = all[i-1]
		}
		all = append(all, q)
	}
	return all
}

// check wants the columns that overrides, bands and orders of columns name. What Prometheus returns
// is named by the legend.
func (p dashboardPanel) check(t *testing.T, last *question) {
	t.Helper()
	var columns []string
	for q := last; q != nil; q = q.before {
		columns = append(columns, q.answer.columns...)
	}
	if len(columns) == 0 {
		return
	}
	for _, step := range p.Transformations {
		if missing := lacks(columns, step.Options.Include.Names...); missing != "" {
			t.Errorf("%s keeps columns, and %s", last.what, missing)
		}
	}
	for _, o := range p.FieldConfig.Overrides {
		named := func(column string) bool { return column == o.Matcher.Options }
		if o.Matcher.ID == "byRegexp" {
			named = regexp.MustCompile(strings.Trim(o.Matcher.Options, "/")).MatchString
		}
		if !slices.ContainsFunc(columns, named) {
			t.Errorf("%s overrides %s, its columns are %q", last.what, o.Matcher.Options, columns)
		}
		for _, property := range o.Properties {
			if to, ok := property.Value.(string); property.ID == "custom.fillBelowTo" &&
				(!ok || !slices.Contains(columns, to)) {
				t.Errorf("%s fills below to %v, its columns are %q", last.what, property.Value, columns)
			}
		}
	}
}

func lacks(have []string, want ...string) string {
	for _, w := range want {
		if !slices.Contains(have, w) {
			return fmt.Sprintf("%q is not among %q", w, have)
		}
	}
	return ""
}

// askAll asks again and again what has no answer yet.
func (a asker) askAll(t *testing.T, all []*question) {
	t.Helper()
	const within = 2 * patience // the first checkpoint alone takes half a minute
	round := time.NewTicker(time.Second)
	defer round.Stop()
	for deadline := time.Now().Add(within); ; <-round.C {
		var open []*question
		var why []string
		for _, q := range all {
			var err error
			a.values = q.values
			complaint := "no rows"
			if q.answer, err = a.ask(t.Context(), q.target, q.dashboard); err != nil {
				complaint = err.Error()
			} else if q.answer.rows > 0 {
				complaint = q.wrong(q.answer)
			}
			if complaint != "" {
				open, why = append(open, q), append(why, complaint)
			}
		}
		if all = open; len(open) == 0 {
			return
		}
		if time.Now().After(deadline) {
			for i, q := range open {
				t.Errorf("%s: %s within %v from\n%s%s", q.what, why[i], within, q.target.Expr, q.target.Query)
			}
			return
		}
	}
}

// scraped waits until Prometheus has read all its targets.
func (a asker) scraped(t *testing.T, targets int) {
	t.Helper()
	eventually(t, patience, "Prometheus reads its targets", func() (bool, string) {
		got, err := a.promql(t.Context(), "/api/v1/query", url.Values{"query": {"up == 1"}})
		return err == nil && got.tables == targets, fmt.Sprintf("%d of %d, %v", got.tables, targets, err)
	})
}

// shownFleet is a system of which dashboards can show something: forecaster, recorder and trainer
// as processes of their own.
type shownFleet struct {
	conn   *bus.Conn
	admins []string  // addresses of metrics: of forecaster, recorder and trainer
	begin  time.Time // of what is live
	end    time.Time // of the newest hour
}

const (
	shownMeters = 12
	shownPast   = 40 * 24 // hours of history: the trainer wants ten series of 35 days
	shownLive   = 72      // hours after it, one by one: two days of them are scored a day ahead
)

func newShownFleet(t *testing.T, database influx.Config) *shownFleet {
	t.Helper()
	p := newPlace(t)
	p.nats = strings.TrimPrefix(bustest.Start(t).URL(), "nats://")
	p.env = []string{"LOADTIDE_INFLUX_TOKEN=" + database.Token.Reveal()}
	f := &shownFleet{end: time.Now().UTC().Truncate(time.Hour)}
	f.begin = f.end.Add(-shownLive * time.Hour)
	for _, role := range [][]string{
		{"forecaster", "--data-dir", p.dir},
		{
			"recorder", "--influx-url", database.URL, "--influx-org", database.Org, "--influx-bucket",
			database.Bucket,
		},
		{
			"trainer", "--data-dir", p.dir, "--train-schedule", "off", "--hidden", "8", "--iterations", "20",
		},
	} {
		admin := freeAddress(t)
		p.spawn(append(role, "--nats-url", p.url(), "--admin-listen", admin)...)
		answers(t, "http://"+admin+"/readyz")
		f.admins = append(f.admins, admin)
	}
	f.conn = p.connect()
	return f
}

// train puts a past onto the logs and waits until a model of it serves.
func (f *shownFleet) train(t *testing.T) {
	t.Helper()
	for i := range shownMeters {
		const chunk = 240
		for k := 0; k < shownPast; k += chunk {
			var past []streams.Reading
			for j := range chunk {
				past = append(past, f.reading(i, f.begin.Add(time.Duration(k+j-shownPast)*time.Hour), true))
			}
			if err := f.publish(t.Context(), i, streams.AppendReadings(nil, past)); err != nil {
				t.Fatal(err)
			}
		}
	}
	m, err := f.conn.Request(t.Context(), streams.TrainingSubject, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := streams.DecodeTrainingAnswer(m.Data); err != nil ||
		a.Answer != streams.TrainingAccepted {
		t.Fatalf("training: %s, %v", m.Data, err)
	}
	eventually(t, 3*time.Minute, "a model of it is in force", func() (bool, string) {
		_, body, err := fetch("http://" + f.admins[0] + "/metrics")
		return err == nil && strings.Contains(body, `loadtide_forecaster_model_info{alias="champion",interval="1h",version="1"} 1`), "not there"
	})
}

// live lives three days in half a minute, past the first checkpoint, with what a healthy day has
// none of.
func (f *shownFleet) live(ctx context.Context) error {
	id := f.series(0)
	for _, e := range []streams.Event{
		{Type: streams.EventDrift, Text: "forecasts have become worse"},
		{Type: streams.EventSeriesStale, Series: id.String(), Text: "silent for long"},
		{Type: streams.EventLimitPassed, Series: id.String(), Text: "the limit is passed"},
	} {
		e.Time = time.Now().UTC()
		subject := streams.EventSubject(e.Type)
		if e.Type == streams.EventLimitPassed {
			subject = streams.LimitSubject(id)
		}
		if _, err := f.conn.Publish(ctx, subject, e.AppendJSON(nil), ""); err != nil {
			return err
		}
	}
	mark := streams.MarkControl{
		Series: id.String(), From: f.end.Add(-30 * time.Hour), Until: f.end.Add(-28 * time.Hour),
		Reason: "outage",
	}
	subject := streams.ControlSubject(streams.Partition(id, 8), streams.ControlMark)
	if _, err := f.conn.Publish(ctx, subject, mark.AppendJSON(nil), ""); err != nil {
		return err
	}
	pace := time.NewTicker(500 * time.Millisecond)
	defer pace.Stop()
	for hour := f.begin; hour.Before(f.end); hour = hour.Add(time.Hour) {
		for i := range shownMeters {
			if i == shownMeters-1 && f.end.Sub(hour) <= 10*time.Hour {
				continue // it has fallen silent
			}
			if err := f.publish(
				ctx, i, streams.AppendReadings(nil, []streams.Reading{f.reading(i, hour, false)}),
			); err != nil {
				return err
			}
		}
		if err := f.publish(ctx, 0, []byte(`{"ts":"yesterday","value":1}`)); err != nil {
			return err
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (f *shownFleet) series(i int) meter.ID {
	return meter.ID{Site: fmt.Sprintf("site%d", i%3), Meter: fmt.Sprintf("m%02d", i)}
}

// reading has a day, a week and a little of its own; the last but one hour of each day is marked by
// its sender.
func (f *shownFleet) reading(i int, hour time.Time, history bool) streams.Reading {
	h := float64(hour.Unix() / 3600)
	own := rand.New(rand.NewPCG(uint64(i), uint64(h))).NormFloat64()
	r := streams.Reading{
		Time:    hour,
		Value:   3 + math.Sin(2*math.Pi*(h+float64(i))/24) + math.Cos(2*math.Pi*h/168)/3 + 0.1*own,
		Unit:    "kWh",
		History: history,
	}
	if hour.Hour() == 22 {
		r.Quality = meter.Estimated
	}
	return r
}

func (f *shownFleet) publish(ctx context.Context, i int, data []byte) error {
	_, err := f.conn.Publish(ctx, streams.PublicReadingSubject(f.series(i)), data, "")
	return err
}

// values are those of the dashboard's variables as a browser would find them, and what to ask for
// those that are asked for: the first meter must be among the answers.
func (f *shownFleet) values(
	t *testing.T, d dashboard,
) (values map[string]string, asked []*question) {
	t.Helper()
	id := f.series(0)
	found := map[string]string{"site": id.Site, "meter": id.Meter, "unit": "kWh", "interval": "1h"}
	values = map[string]string{}
	for _, v := range d.Templating.List {
		values[v.Name] = v.Current.Value
		if v.Type == "query" {
			values[v.Name] = found[v.Name]
			query, _ := v.Query.(map[string]any)["query"].(string)
			asked = append(asked, &question{what: "variable " + v.Name, target: dashboardTarget{Query: query}, wrong: func(got frame) string {
				return lacks(got.texts["_value"], found[v.Name])
			}})
		}
	}
	return values, asked
}
