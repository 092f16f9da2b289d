package forecaster

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/streams"
)

// Pipeline turns the messages of one partition's log into forecasts. Only Step changes its state
// (I4). One goroutine owns a Pipeline.
type Pipeline struct {
	partition  int
	partitions int
	created    time.Time // of the log: part of every output's id
	publish    meter.Horizon
	engine     *engine.Engine
	models     map[string]*model.Model // by digest: those that the next batch names
	since      map[string]time.Time    // by digest: when the models in force were written into the log

	decoded    []streams.Reading // of the message that is being decoded
	decoding   meter.ID          // the series of that message
	zone       streams.Zone      // of the series decoding
	zones      map[string]*time.Location
	readings   []engine.Reading
	firsts     []int // by message: the index in readings of its first one
	rejections rejections
	leads      []streams.LeadScore
}

// OutputPos is the position of an output among the outputs of a partition: the sequence of its
// input in the log, then the number of the output among those of the input.
type OutputPos struct {
	Seq uint64 `json:"seq"`
	K   int    `json:"k"`
}

// After reports whether a comes after b.
func (a OutputPos) After(b OutputPos) bool { return a.Seq > b.Seq || a.Seq == b.Seq && a.K > b.K }

// Stream is where an output goes.
type Stream uint8

// The streams of a partition's outputs.
const (
	ToForecasts Stream = iota
	ToScores
	ToRejected
	ToEvents
)

// Output is one message to be published.
type Output struct {
	Pos    OutputPos
	To     Stream
	Source meter.Source // of a forecast
	// Replaced says why the forecast is not the network's; "" when it is, or there was none.
	Replaced meter.Reason
	Series   meter.ID      // of a forecast or a score
	Score    *engine.Score // of a score
	Event    *engine.Event // of an event
	Refusal  *Refusal      // of a rejected message
	// Received is the broker's time of the reading that was forecast; zero for a forecast after a
	// tick.
	Received time.Time
	Subject  string
	ID       string
	Data     []byte
}

// Result is the outcome of a batch.
type Result struct {
	Outputs    []Output // ascending in Pos
	Series     int      // sum over the parts of the batch: series with a reading
	Unscored   int
	Applied    int
	Late       int // of Applied, those that do not count as if they had come in order
	Repeated   int
	Held       int  // readings that wait for others to agree
	Controls   int  // records other than ticks
	Erased     bool // a series was forgotten
	Registers  meter.Counts
	Rejections map[meter.Reason]int
}

// stirs reports whether the batch changed the state or has outputs.
func (r *Result) changes() bool {
	return r.Applied+r.Held+r.Controls+len(r.Outputs) > 0
}

// NewPipeline returns the pipeline of a partition whose log was made at created.
func NewPipeline(partition, partitions int, created time.Time) *Pipeline {
	p := &Pipeline{
		partition: partition, partitions: partitions, created: created,
		engine: engine.New(), models: map[string]*model.Model{}, since: map[string]time.Time{},
		zones: map[string]*time.Location{},
	}
	p.zone = p.zoneSet
	return p
}

// zoneSet returns the zone that is set for the series decoding, nil when there is none. The engine
// has checked that the zone is known.
func (p *Pipeline) zoneSet() *time.Location {
	name := p.engine.Zone(p.decoding)
	if name == "" {
		return nil
	}
	zone, ok := p.zones[name]
	if !ok {
		zone, _ = time.LoadLocation(name)
		p.zones[name] = zone
	}
	return zone
}

// Publish bounds the leads of published forecasts.
func (p *Pipeline) Publish(most meter.Horizon) { p.publish = most }

// Use hands over the model for a digest that the next batch names. The caller loads it, because Step
// does no I/O.
func (p *Pipeline) Use(digest string, m *model.Model) { p.models[digest] = m }

// Step takes one batch from messages to outputs. It does no I/O and reads no clock. A control
// record takes effect at its position: Step cuts the batch there. The caller hands over every model
// that a record of the batch names with Use. After Step the pipeline keeps only the models in force
// (I9).
func (p *Pipeline) Step(batch []bus.Message) (Result, error) {
	defer clear(p.models)
	result := Result{Rejections: map[meter.Reason]int{}}
	for len(batch) > 0 {
		n := untilControl(batch)
		p.readingsOf(batch[:n], &result)
		if n < len(batch) {
			if err := p.control(batch[n:n+1], &result); err != nil {
				return result, err
			}
			n++
		}
		batch = batch[n:]
	}
	return result, nil
}

func untilControl(batch []bus.Message) int {
	for i := range batch {
		if streams.IsControl(batch[i].Subject) {
			return i
		}
	}
	return len(batch)
}

// readingsOf is the main path.
func (p *Pipeline) readingsOf(batch []bus.Message, result *Result) {
	readings := p.decode(batch)        // streams: shape, range, units
	stepped := p.engine.Step(readings) // ring, scale, features, LSTM, scores, head, quantiles
	p.reject(stepped.Rejections)       // by the state of a series, to those by form
	p.compose(batch, stepped, result)  // messages: origin, version, ids
}

// control applies a control record. It refuses a kind that it does not know: a partition that skips
// a record would have another state than the release that wrote it.
func (p *Pipeline) control(batch []bus.Message, result *Result) error {
	m := &batch[0]
	input, err := streams.ParseInput(m.Subject)
	if err != nil {
		return fmt.Errorf("control record at %d: %w", m.Seq, err)
	}
	switch input.Control {
	case streams.ControlTick:
		p.rejections.clear()
		p.compose(batch, p.engine.Tick(m.Time.Unix(), 0), result)
		return nil
	case streams.ControlModel:
		record, err := decodeModelControl(m)
		if err != nil {
			return err
		}
		next, ok := p.models[record.Digest]
		if !ok {
			return fmt.Errorf(
				"control record at %d: model %s v%s (%s) was not handed over",
				m.Seq,
				record.Name,
				record.Version,
				record.Digest,
			)
		}
		result.Controls++
		return p.serve(next, m.Time)
	case streams.ControlLimit, streams.ControlSettings, streams.ControlMark, streams.ControlDelete,
		streams.ControlState:
		done, err := p.operatorRecord(input.Control, m)
		if err != nil {
			return fmt.Errorf("control record %s at %d: %w", m.Subject, m.Seq, err)
		}
		result.Controls++
		result.Erased = result.Erased || input.Control == streams.ControlDelete
		p.rejections.clear()
		p.compose(batch, done, result)
		return nil
	default:
		return fmt.Errorf(
			"control record at %d: kind %q is not known to this release: use the release that wrote it",
			m.Seq,
			input.Control,
		)
	}
}

// serve puts a model in force in its role. written is the time of its control record. A record that
// names the model in force changes nothing.
func (p *Pipeline) serve(next *model.Model, written time.Time) error {
	before := roleOf(next).inForce(p.engine)
	if before != nil && before.Digest == next.Digest {
		return nil
	}
	if err := p.engine.SetModel(next); err != nil {
		return err
	}
	if before != nil {
		delete(p.since, before.Digest)
	}
	p.since[next.Digest] = written
	return nil
}

func decodeModelControl(m *bus.Message) (streams.ModelControl, error) {
	record, err := streams.DecodeModelControl(m.Data)
	if err != nil {
		return record, fmt.Errorf("control record %s at %d: %w", m.Subject, m.Seq, err)
	}
	return record, nil
}

// decode reads a batch of readings. It refuses the readings that are invalid in any state of their
// series. It returns the readings of a message in the order of their times.
func (p *Pipeline) decode(batch []bus.Message) []engine.Reading {
	p.readings, p.firsts = p.readings[:0], p.firsts[:0]
	p.rejections.clear()
	for i := range batch {
		p.firsts = append(p.firsts, len(p.readings))
		if id, ok := p.accept(i, &batch[i]); ok {
			p.decodeMessage(i, &batch[i], id)
		}
	}
	return p.readings
}

// accept returns the series of message i. When the message as a whole cannot be read by this
// partition, accept refuses it and returns false.
func (p *Pipeline) accept(i int, m *bus.Message) (meter.ID, bool) {
	input, err := streams.ParseInput(m.Subject)
	if err != nil {
		p.rejections.add(i, meter.ReasonBadSubject, err.Error(), streams.WholeMessage)
		return meter.ID{}, false
	}
	if own := streams.Partition(input.Series, p.partitions); own != p.partition {
		detail := fmt.Sprintf(
			"subject %q: series %s belongs to partition %d of %d; publish to %s",
			m.Subject, input.Series, own, p.partitions, streams.PublicReadingSubject(input.Series),
		)
		p.rejections.add(i, meter.ReasonWrongPartition, detail, streams.WholeMessage)
		return meter.ID{}, false
	}
	if m.ContentType != "" && m.ContentType != streams.ContentTypeJSON {
		detail := fmt.Sprintf("Content-Type %q: send %s", m.ContentType, streams.ContentTypeJSON)
		p.rejections.add(i, meter.ReasonContentType, detail, streams.WholeMessage)
		return meter.ID{}, false
	}
	return input.Series, true
}

// decodeMessage appends the readings of message i. id is their series.
func (p *Pipeline) decodeMessage(i int, m *bus.Message, id meter.ID) {
	p.decoding = id
	good, bad := streams.DecodeReadingsInto(p.decoded[:0], m.Data, p.zone)
	p.decoded = good
	for _, b := range bad {
		p.rejections.add(i, b.Reason, b.Error(), b.Index)
	}
	for k := range good {
		r := &good[k]
		if r.Time.Sub(m.Time) > meter.FutureLimit {
			detail := fmt.Sprintf(
				"ts %s is %s ahead of the broker's clock; set the sender's clock, ts is the start of "+
					"the interval in UTC",
				r.Time.Format(time.RFC3339), r.Time.Sub(m.Time).Round(time.Second),
			)
			p.rejections.add(i, meter.ReasonFuture, detail, k)
			continue
		}
		p.readings = append(p.readings, engine.Reading{
			Series: id, Second: r.Time.Unix(), Value: r.Value,
			Unit: r.Unit, Kind: r.Kind, Quality: r.Quality.OrOK(),
			Interval: int32(r.Interval / time.Second), History: r.History,
			Message: i, Received: m.Time.Unix(),
		})
	}
	slices.SortStableFunc(p.readings[p.firsts[i]:], func(a, b engine.Reading) int {
		return cmp.Compare(a.Second, b.Second)
	})
}
