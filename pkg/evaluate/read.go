package evaluate

import (
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
)

// A reader appends the readings that the model reads in the interval that starts at second. It is
// called with rising seconds.
type reader func(batch []engine.Reading, second int64) []engine.Reading

// readHistories gives each reading in the interval that it belongs to, and the cells that a history
// brought over from another grid with the first one of its own. Only readings at an origin ask for a
// forecast.
func (b *backtest) readHistories(e *engine.Engine, histories []*dataset.History, message []int) reader {
	return func(batch []engine.Reading, second int64) []engine.Reading {
		for i, h := range histories {
			n := h.Cell(second)
			from := n
			switch {
			case n < h.Own || n > h.Ring.Newest || replaced(histories[i:], second):
				continue
			case n == h.Own:
				begin(e, h)
				from = h.Ring.First()
			}
			for ; from <= n; from++ {
				r, ok := readingOf(h, from)
				if !ok {
					continue
				}
				lapse(e, h, from)
				r.Message, r.History = message[i], !b.cfg.isOrigin(h, from)
				batch = append(batch, r)
			}
		}
		return batch
	}
}

// replaced reports whether the first history has given way to the next one of its series: the two
// may stand on grids of other phases, and the interval that is cut in two is that of the next one.
func replaced(histories []*dataset.History, second int64) bool {
	if len(histories) < 2 || histories[1].ID != histories[0].ID {
		return false
	}
	return histories[1].Cell(second) >= histories[1].Own
}

// readFeed gives each reading in the interval in which it arrived. Which forecast will be in force
// at an origin is not known in advance, so every reading from a horizon before the test on asks for
// a forecast.
func (b *backtest) readFeed(histories []*dataset.History, message []int) reader {
	next := map[meter.ID]int{}
	from := b.cfg.From - int64(b.cfg.Horizon)*b.interval
	return func(batch []engine.Reading, second int64) []engine.Reading {
		for i, h := range histories {
			if message[i] != i {
				continue
			}
			all := b.cfg.Feed[h.ID]
			for n := next[h.ID]; n < len(all) && all[n].interval(b.interval) <= second; n++ {
				quality := meter.OK
				if h.Marked(h.Cell(all[n].Second)) {
					quality = meter.Bad
				}
				batch = append(batch, engine.Reading{
					Series: h.ID, Second: all[n].Second, Value: all[n].Value, Unit: h.Unit,
					Kind: all[n].Kind, Quality: quality, Message: i, History: second < from,
				})
				next[h.ID] = n + 1
			}
		}
		return batch
	}
}

// firstOfSeries gives each history the index of the first history of its series.
func firstOfSeries(histories []*dataset.History) []int {
	first := make([]int, len(histories))
	for i := range histories {
		first[i] = i
		if i > 0 && histories[i].ID == histories[i-1].ID {
			first[i] = first[i-1]
		}
	}
	return first
}
