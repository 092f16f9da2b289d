package forecaster

import (
	"sync"
	"time"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/service"
)

// countEvent counts an event, and logs it when a person should look at it.
func (p *partition) countEvent(e *engine.Event) {
	if e == nil {
		return
	}
	if aboutLimit(e.Kind) {
		p.metrics.limits.WithLabelValues(limitLabel(string(e.Kind))).Inc()
	} else {
		p.metrics.events.WithLabelValues(eventLabel(string(e.Kind))).Inc()
	}
	text := eventWarning(e.Kind)
	if text == "" {
		return
	}
	line := p.log.Warn().
		Str(service.FieldSeries, e.Series.String()).
		Str(service.FieldText, e.Text)
	if e.Kind == engine.ForecastReplaced {
		count, due := p.replaced.count(p.now())
		if !due {
			return
		}
		line = line.Int(service.FieldCount, count)
	}
	line.Msg(text)
}

// eventWarning returns the message of the log line about an event, "" for an event that is not
// logged.
func eventWarning(kind engine.EventKind) string {
	switch kind {
	case engine.ForecastReplaced:
		return "the network's forecast was not published, a simple rule stands in"
	case engine.IntervalUnsupported:
		return "the readings come at an interval that is not forecast"
	case engine.OffGrid:
		return "readings off the grid of a series are refused"
	case engine.Implausible:
		return "values of hours cannot be true"
	case engine.RegisterFalls:
		return "readings of a register that only falls are refused"
	case engine.KindChanged:
		return "a series that was taken for power is one of energy"
	case engine.IntervalNotOver:
		return "energy comes of intervals that are not over yet"
	case engine.LimitRefused:
		return "the limit of the series is in a unit that its forecasts are not turned into"
	default:
		return ""
	}
}

// replacedPause is the shortest time between two log lines about replaced forecasts.
const replacedPause = time.Hour

// replacedWarnings counts the events about replaced forecasts between two log lines. All partitions
// of a process share one: a model whose sums overflow replaces a forecast of every series at every
// origin, and that is one fault. It is safe for concurrent use.
type replacedWarnings struct {
	mu     sync.Mutex
	logged time.Time // the time of the last log line
	events int       // since that line
}

// count adds an event. due says that a log line is due; count is then the number of events since
// the line before, with this one.
func (w *replacedWarnings) count(now time.Time) (count int, due bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events++
	if !w.logged.IsZero() && now.Sub(w.logged) < replacedPause {
		return 0, false
	}
	count = w.events
	w.events, w.logged = 0, now
	return count, true
}
