package forecaster

import (
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// compose makes the output messages of a batch. For each input the rejections come first, then the
// events, the forecasts and the scores, numbered in this order. The numbers are part of the ids, so
// a replay gives the same outputs under the same ids (I2). Events about implausible values come last:
// a log that an earlier release has answered keeps the ids of its forecasts.
func (p *Pipeline) compose(batch []bus.Message, stepped engine.Result, result *Result) {
	result.Applied += stepped.Applied
	result.Late += stepped.Late
	result.Repeated += stepped.Repeated
	result.Held += stepped.Held
	result.Series += stepped.Series
	result.Unscored += stepped.Unscored
	result.Registers.Add(stepped.Registers)

	rejections := p.rejections.byMessage()
	events, implausible := splitEvents(stepped.Events)
	forecasts, scores := stepped.Forecasts, stepped.Scores
	for i := range batch {
		k := 0
		for ; len(rejections) > 0 && rejections[0].message == i; k++ {
			result.Outputs = append(result.Outputs, p.rejectedOutput(&batch[i], &rejections[0], k))
			result.Rejections[rejections[0].reason] += rejections[0].count
			rejections = rejections[1:]
		}
		for ; len(events) > 0 && events[0].Message == i; k++ {
			result.Outputs = append(result.Outputs, p.eventOutput(&batch[i], &events[0], k))
			events = events[1:]
		}
		for ; len(forecasts) > 0 && forecasts[0].Message == i; k++ {
			result.Outputs = append(result.Outputs, p.forecastOutput(&batch[i], &forecasts[0], k))
			forecasts = forecasts[1:]
		}
		for ; len(scores) > 0 && scores[0].Message == i; k++ {
			result.Outputs = append(result.Outputs, p.scoreOutput(&batch[i], &scores[0], k))
			scores = scores[1:]
		}
		for ; len(implausible) > 0 && implausible[0].Message == i; k++ {
			result.Outputs = append(result.Outputs, p.eventOutput(&batch[i], &implausible[0], k))
			implausible = implausible[1:]
		}
	}
}

// splitEvents takes the events about implausible values out, in their order.
func splitEvents(all []engine.Event) (others, implausible []engine.Event) {
	for i := range all {
		if all[i].Kind == engine.Implausible {
			implausible = append(implausible, all[i])
		} else {
			others = append(others, all[i])
		}
	}
	return others, implausible
}

func (p *Pipeline) output(m *bus.Message, k int) Output {
	return Output{
		Pos: OutputPos{Seq: m.Seq, K: k},
		ID:  streams.OutputID(p.created, p.partition, m.Seq, k),
	}
}

func (p *Pipeline) forecastOutput(m *bus.Message, f *engine.Forecast, k int) Output {
	out := p.output(m, k)
	message := streams.Forecast{
		Series: f.Series, Origin: time.Unix(f.Origin, 0).UTC(),
		Interval: time.Duration(f.Interval) * time.Second, Unit: f.Unit,
		Issued: m.Time.UTC(), Revision: f.Revision, Source: f.Source, Quality: f.Quality.String(),
		InputSeq: m.Seq, Levels: f.Levels,
	}
	leads := p.publish.Bound(f.Horizon, message.Interval)
	message.Quantiles = f.Quantiles[:leads*len(f.Levels)]
	if f.Model != nil {
		message.Model = &streams.Model{
			Name:    f.Model.Spec.Name,
			Version: f.Model.Version,
			Digest:  f.Model.Digest,
		}
	}
	out.Source, out.Series, out.Replaced = f.Source, f.Series, f.Replaced
	if !streams.IsControl(m.Subject) {
		out.Received = m.Time
	}
	out.Subject = streams.ForecastSubject(f.Series)
	out.Data = message.AppendJSON(make([]byte, 0, forecastBytes(len(message.Quantiles))))
	return out
}

func (p *Pipeline) scoreOutput(m *bus.Message, s *engine.Score, k int) Output {
	out := p.output(m, k)
	p.leads = p.leads[:0]
	for _, l := range s.Leads {
		p.leads = append(p.leads, streams.LeadScore{
			Lead: l.Lead, Source: l.Source, Version: l.Version, Pinball: float32(l.Pinball),
			Naive: float32(l.Naive), Error: float32(l.Error),
			Covered50: coveredBy(l.Has50, l.Inside50), Covered80: coveredBy(l.Has80, l.Inside80),
		})
	}
	message := streams.Score{
		Series: s.Series, Target: time.Unix(s.Target, 0).UTC(),
		Interval: time.Duration(s.Interval) * time.Second, Unit: s.Unit, Actual: float64(s.Actual),
		Scored: m.Time.UTC(), Revision: s.Revision, Void: s.Void, InputSeq: m.Seq, Leads: p.leads,
	}
	out.To, out.Series, out.Score = ToScores, s.Series, s
	out.Subject = streams.ScoreSubject(s.Series)
	out.Data = message.AppendJSON(make([]byte, 0, 256+192*len(s.Leads)))
	return out
}

func coveredBy(has, inside bool) streams.Covered {
	switch {
	case !has:
		return streams.CoverageUnknown
	case inside:
		return streams.Inside
	}
	return streams.Outside
}

func (p *Pipeline) eventOutput(m *bus.Message, e *engine.Event, k int) Output {
	out := p.output(m, k)
	message := streams.Event{Type: string(e.Kind), Time: m.Time.UTC(), Text: e.Text}
	if e.Series != (meter.ID{}) {
		message.Series = e.Series.String()
	}
	out.To, out.Series, out.Event = ToEvents, e.Series, e
	out.Subject = streams.EventSubject(message.Type)
	if aboutLimit(e.Kind) {
		out.Subject = streams.LimitSubject(e.Series)
	}
	if l := e.Limit; l != nil {
		message.Limit = &streams.Limit{
			Limit: l.Limit.String(), LimitChance: l.LimitChance, Value: l.Value, Unit: l.Unit,
			Target: time.Unix(l.Target, 0).UTC(), Lead: l.Lead, Chance: l.Chance,
			Origin:   time.Unix(l.Origin, 0).UTC(),
			Interval: streams.Interval(time.Duration(l.Interval) * time.Second),
		}
	}
	if e.Mark != nil {
		message.Mark = &streams.Mark{
			MarkControl: streams.NewMark(e.Mark.Pattern, e.Mark.Mark),
			Intervals:   e.Mark.Cells, Returned: e.Mark.Returned,
		}
	}
	out.Data = message.AppendJSON(nil)
	return out
}

// aboutLimit reports whether an event is about the limit of a series.
func aboutLimit(kind engine.EventKind) bool {
	return kind == engine.LimitPassed || kind == engine.LimitCleared || kind == engine.LimitRefused
}

// forecastBytes returns a little more than the length in JSON of a forecast with so many quantiles.
func forecastBytes(quantiles int) int { return 512 + 10*quantiles }

func (p *Pipeline) rejectedOutput(m *bus.Message, r *rejection, k int) Output {
	out := p.output(m, k)
	// Of a bad subject input has the parts that can be read; RejectedSubject makes tokens of them.
	input, _ := streams.ParseInput(m.Subject)
	var message streams.Rejected
	message.SetPayload(m.Data)
	if r.held != nil { // the reading is of an earlier message, whose bytes are not known any more
		message.SetPayload(streams.AppendReadings(nil, []streams.Reading{{
			Time: time.Unix(r.held.Second, 0).UTC(), Value: r.held.Value, Quality: r.held.Quality,
		}}))
	}
	message.Series = input.Series.String()
	message.Subject, message.Seq, message.Partition = m.Subject, m.Seq, p.partition
	message.Reason, message.Detail = r.reason, r.detail
	message.Index, message.Count = r.index, r.count
	message.Received = m.Time.UTC()
	out.To = ToRejected
	out.Refusal = &Refusal{
		Reason: r.reason, Readings: uint64(r.count), Series: message.Series, Detail: r.detail,
	}
	out.Subject = streams.RejectedSubject(input.Series)
	out.Data = message.AppendJSON(nil)
	return out
}
