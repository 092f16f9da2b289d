package evaluate

import (
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
)

// A hearing appends the readings that the model hears in the hour that starts at
// second. The seconds it is asked for rise.
type hearing func(batch []engine.Reading, second int64) []engine.Reading

// hearHistories is every reading in its own hour; the network forecasts at the
// origins alone.
func (b *backtest) hearHistories(histories []*dataset.History, message []int) hearing {
	return func(batch []engine.Reading, second int64) []engine.Reading {
		for i, h := range histories {
			n := h.Cell(second)
			if !accepted(h, n) {
				continue
			}
			value, q := h.Raw.At(n)
			batch = append(batch, engine.Reading{
				Series: h.ID, Second: h.Start(n), Value: float64(value), Unit: h.Unit, Quality: q, Message: message[i], History: !b.isOrigin(h, n),
			})
		}
		return batch
	}
}

// hearFeed is every reading in the hour in which it came. Which forecast will
// stand at an origin is not known before, so from a horizon before the test on
// all are made.
func (b *backtest) hearFeed(histories []*dataset.History, message []int) hearing {
	heard := map[meter.ID]int{}
	from := b.cfg.From - int64(b.cfg.Horizon)*dataset.Interval
	return func(batch []engine.Reading, second int64) []engine.Reading {
		for i, h := range histories {
			if message[i] != i {
				continue
			}
			all := b.cfg.Feed[h.ID]
			for n := heard[h.ID]; n < len(all) && all[n].Clock <= second; n++ {
				batch = append(batch, engine.Reading{
					Series: h.ID, Second: all[n].Second, Value: all[n].Value, Unit: h.Unit, Quality: meter.OK, Message: i, History: second < from,
				})
				heard[h.ID] = n + 1
			}
		}
		return batch
	}
}

// firstOfSeries gives each history the place of the first one of its series.
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
