package forecaster

import (
	"testing"
	"time"

	"github.com/loadtide/loadtide/streams"
)

// The answer about readings says up to which message outputs are stored, and how many readings of
// the named series were repeated and wait.
func TestAnswerAboutReadings(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		p.began = time.Now()
		ask := func(want streams.Tally, stored uint64) {
			t.Helper()
			q := question{query: streams.TallyQuery([]string{m1.String(), "no.such"})}
			page := p.page(&q)
			want.Since = p.began.UTC()
			if page.Tally == nil || *page.Tally != want || page.Stored != stored ||
				len(page.Series) != 0 {
				t.Fatalf("%+v and stored %d, want %+v and %d", page.Tally, page.Stored, want, stored)
			}
		}
		ask(streams.Tally{}, 0)
		p.log.reading(m1, hour(-100), hour(-99))
		p.take(t, 0)
		ask(streams.Tally{}, 1)
		p.log.reading(m1, hour(-99))
		p.take(t, 3) // more follows: outputs are not confirmed yet
		ask(streams.Tally{Repeated: 1}, 2)
		p.log.reading(m1, hour(-98))
		p.take(t, 2)
		ask(streams.Tally{Repeated: 1}, 2)
		p.log.reading(m1, hour(0))
		p.take(t, 0)
		ask(streams.Tally{Repeated: 1, Waiting: 1}, 4)
		if page := p.page(&question{query: streams.PositionQuery()}); page.Tally != nil {
			t.Errorf("a tally that nobody asked for: %+v", page.Tally)
		}
	})
}
