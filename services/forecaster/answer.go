package forecaster

import (
	"context"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
)

const (
	// pageSeries is how many series one answer holds.
	pageSeries = 1000
	// askTimeout bounds the wait of a question for its partition, which may be starting again.
	askTimeout = 3 * time.Second
)

// question is a query on its way to the goroutine that owns the state.
type question struct {
	query  streams.SeriesQuery
	state  bool
	answer chan streams.SeriesPage // with room for one answer
}

// answer serves the questions about a partition until ctx ends.
func (s *Service) answer(ctx context.Context, index int) {
	err := s.conn.Serve(ctx, streams.QuerySubject(index, "*"), "", func(m bus.Message) []byte {
		page := s.ask(ctx, index, m)
		page.Schema, page.Partition = streams.Schema, index
		return page.AppendJSON(nil)
	})
	if err != nil && ctx.Err() == nil {
		s.log.Warn().
			AnErr(service.FieldError, err).
			Int(service.FieldPartition, index).
			Msg("questions about series are not answered any more")
	}
}

// ask hands a query to its partition and returns the answer.
func (s *Service) ask(ctx context.Context, index int, m bus.Message) streams.SeriesPage {
	query, err := streams.DecodeSeriesQuery(m.Data)
	if err != nil {
		return streams.SeriesPage{Error: err.Error()}
	}
	q := question{
		query:  query,
		state:  strings.HasSuffix(m.Subject, "."+streams.QueryState),
		answer: make(chan streams.SeriesPage, 1),
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	select {
	case s.questions[index] <- q:
	case <-ctx.Done():
		return streams.SeriesPage{Error: "the partition is being started: ask again"}
	}
	return <-q.answer // a partition answers at once when it has received a question
}

// reply answers the questions that wait.
func (p *partition) reply() {
	for {
		select {
		case q := <-p.questions[p.index]:
			p.lastAnswer = p.now()
			q.answer <- p.page(&q)
		default:
			return
		}
	}
}

func (p *partition) page(q *question) streams.SeriesPage {
	p.saver.poll()
	page := streams.SeriesPage{
		Position:   p.position,
		Checkpoint: p.saver.seq,
		Stored:     p.stored(),
		Series:     []streams.SeriesSummary{},
	}
	e := p.pipeline.engine
	if len(q.query.Tally) > 0 {
		page.Tally = p.tally(q.query.Tally)
	}
	if q.query.Marks {
		p.marks(&q.query, &page)
		return page
	}
	if q.query.Series == "" {
		e.Summaries(q.query.From, func(s engine.Summary) bool {
			if len(page.Series) == pageSeries {
				page.Next = q.query.From + pageSeries
				return false
			}
			page.Series = append(page.Series, summaryOf(&s))
			return true
		})
		return page
	}
	id, _ := meter.ParseID(q.query.Series)
	if s, ok := e.Summary(id); ok {
		page.Series = append(page.Series, summaryOf(&s))
	}
	if q.state {
		if record, ok := p.pipeline.stateOf(id); ok {
			page.State = &record
		}
	}
	return page
}

// pageMarks is how many marks one answer holds.
const pageMarks = 4000

// marks lists marks on a page, by pattern and time: of all patterns, or of those that cover the
// series of the query.
func (p *partition) marks(query *streams.SeriesQuery, page *streams.SeriesPage) {
	id, _ := meter.ParseID(query.Series)
	place := 0
	for pattern, marks := range p.pipeline.engine.Marks() {
		if query.Series != "" && !meter.Covers(pattern, id) {
			continue
		}
		for _, m := range marks {
			if place++; place <= query.From {
				continue
			}
			if len(page.Marks) == pageMarks {
				page.Next = query.From + pageMarks
				return
			}
			page.Marks = append(page.Marks, streams.NewMark(pattern, m))
		}
	}
}

// stored returns the last message of the log whose outputs, with those of all messages before it,
// are stored.
func (p *partition) stored() uint64 {
	if p.dirty {
		return p.clean
	}
	return p.position
}

// tally counts what became of the readings of some series since the partition was started.
func (p *partition) tally(names []string) *streams.Tally {
	sum := &streams.Tally{Since: p.began.UTC()}
	for _, name := range names {
		id, _ := meter.ParseID(name)
		one := p.pipeline.engine.TallyOf(id)
		sum.Repeated += int64(one.Repeated)
		sum.Waiting += int64(one.Waiting)
	}
	return sum
}

func intervalOf(seconds int32) streams.Interval {
	return streams.Interval(time.Duration(seconds) * time.Second)
}

func summaryOf(s *engine.Summary) streams.SeriesSummary {
	moment := func(second int64) time.Time {
		if second == 0 {
			return time.Time{}
		}
		return time.Unix(second, 0).UTC()
	}
	mark := ""
	if s.Mark != meter.Unmarked {
		mark = s.Mark.String()
	}
	return streams.SeriesSummary{
		Since: moment(s.Since), Mark: mark,
		Series: s.Series.String(), Newest: time.Unix(s.Newest, 0).UTC(),
		Origin:   moment(s.Origin),
		Interval: intervalOf(s.Interval), Serving: intervalOf(s.Serving), Step: intervalOf(s.Step),
		Unit: s.Unit, Kind: s.Kind.String(),
		Source: s.Source, Quality: s.Quality.String(), Revisions: s.Revision, Live: s.Live,
		LimitPassed: s.LimitPassed,
	}
}
