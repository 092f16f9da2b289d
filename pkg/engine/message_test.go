package engine

import (
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// message makes one message of readings of m17.
func message(id int, readings ...Reading) []Reading {
	for i := range readings {
		readings[i].Message = id
	}
	return readings
}

func history(r Reading) Reading {
	r.History = true
	return r
}

func bad(r Reading) Reading {
	r.Quality = meter.Bad
	return r
}

// A message yields one forecast at its newest origin, or none.
func TestForecastsOfMessages(t *testing.T) {
	t.Parallel()
	const n = int64(180)
	wrong := at(n + 1)
	wrong.Unit = "W"
	late := at(n - featureCells)
	late.Value++
	type want struct {
		message int
		origin  int64 // cells after the epoch
	}
	for name, c := range map[string]struct {
		batch []Reading
		want  []want
	}{
		"one reading":                   {message(0, at(n)), []want{{0, n + 1}}},
		"an array":                      {message(0, at(n), at(n+1), at(n+2)), []want{{0, n + 3}}},
		"an array with a gap":           {message(0, at(n), at(n+4)), []want{{0, n + 5}}},
		"two messages of a series":      {append(message(0, at(n), at(n+1)), message(1, at(n+2))...), []want{{0, n + 2}, {1, n + 3}}},
		"history":                       {message(0, history(at(n))), nil},
		"history, then live":            {message(0, history(at(n)), at(n+1)), []want{{0, n + 2}}},
		"live, then history":            {message(0, at(n), history(at(n+1))), nil},
		"last one refused":              {message(0, at(n), wrong), []want{{0, n + 1}}},
		"last one too late":             {message(0, at(n), late), []want{{0, n + 1}}},
		"last one repeated":             {message(0, at(n), at(n)), []want{{0, n + 1}}},
		"first one refused":             {message(0, wrong, at(n)), []want{{0, n + 1}}},
		"first one repeated":            {message(0, at(n-1), at(n)), []want{{0, n + 1}}},
		"history, last one refused":     {message(0, history(at(n)), wrong), nil},
		"all refused":                   {message(0, wrong, wrong), nil},
		"all repeated":                  {message(0, at(n-2), at(n-1)), nil},
		"bad quality":                   {message(0, bad(at(n))), []want{{0, n + 1}}},
		"refused, then another message": {append(message(0, at(n), wrong), message(1, at(n+1))...), []want{{0, n + 1}, {1, n + 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, randomModel(3, 4))
			feed(e, 0, n)
			var got []want
			forecasts := e.Step(c.batch).Forecasts
			for _, f := range forecasts {
				got = append(got, want{f.Message, (f.Origin - epoch) / meter.HourSeconds})
			}
			if !slices.Equal(got, c.want) {
				t.Fatalf("forecasts %v, want %v", got, c.want)
			}
			// Each is the forecast that the readings up to it give one by one.
			one := newEngine(t, e.Model(meter.HourSeconds))
			feed(one, 0, n)
			next := 0
			for i, r := range c.batch {
				single := one.Step([]Reading{r}).Forecasts
				if next == len(forecasts) || len(single) == 0 || single[0].Origin != forecasts[next].Origin || r.Message != forecasts[next].Message {
					continue
				}
				if d := differ(&single[0], &forecasts[next]); d != "" {
					t.Errorf("forecast %d differs from that of reading %d alone: %s", next, i, d)
				}
				next++
			}
			if next != len(forecasts) {
				t.Errorf("%d of %d forecasts are those of single readings", next, len(forecasts))
			}
		})
	}
}

// Forecasts come in the order of their messages, also when waves mix them.
func TestForecastsComeInTheOrderOfMessages(t *testing.T) {
	t.Parallel()
	var batch []Reading
	for id := range 30 {
		for k := range int64(1 + id%4) {
			r := at(int64(id)*8 + k)
			r.Series.Meter, r.Message = string(rune('a'+id%3)), id
			batch = append(batch, r)
		}
	}
	forecasts := New().Step(batch).Forecasts
	if len(forecasts) != 30 {
		t.Fatalf("%d forecasts", len(forecasts))
	}
	for i, f := range forecasts {
		if f.Message != i {
			t.Fatalf("forecast %d is of message %d", i, f.Message)
		}
	}
}

// When a reading takes back the only cell of its series, the message has no forecast.
func TestMessageThatTakesItsSeriesBack(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(3, 4))
	if _, err := e.Configure(m17, Setting{Interval: meter.HourSeconds}); err != nil {
		t.Fatal(err)
	}
	if result := e.Step(message(0, quarters(0, 2)...)); len(result.Forecasts) > 0 || result.Applied != 2 {
		t.Errorf("%+v", result)
	}
	result := e.Step(message(1, quarters(2, 5)...))
	if len(result.Forecasts) != 1 || result.Forecasts[0].Origin != epoch+meter.HourSeconds {
		t.Errorf("%+v", result)
	}
}
