package evaluate

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/tabular"
)

const (
	// farBehind is a distance behind the newest reading, in seconds, that is rare in an order of
	// arrival. At most one row in farBehindShare may be that far behind.
	farBehind      = 2 * meter.WeekSeconds
	farBehindShare = 10
	// firstRows tell where a file begins: one of them may be stamped far ahead.
	firstRows = 100
)

// Arrivals are the rows of a file as a feed.
type Arrivals struct {
	Feed     map[meter.ID][]Arrival
	Readings int // in the feed
	Future   int // rows stamped far ahead of all others, left out as a stream leaves them out
}

// OrderError says that the rows of a file are not in the order in which they arrived.
type OrderError struct{ Behind, Rows int }

func (e *OrderError) Error() string {
	return fmt.Sprintf("%d of %d rows lie over two weeks before the newest one: they do not "+
		"stand in the order in which they came", e.Behind, e.Rows)
}

// ArrivalsOf takes the rows of a table as readings in the order in which they arrived. The clock of
// a row is the newest interval that any series had a reading of. The error is an *OrderError.
func ArrivalsOf(table *tabular.Table) (Arrivals, error) {
	a := Arrivals{Feed: map[meter.ID][]Arrival{}}
	clock := table.Row(0).Unix
	for i := range min(firstRows, table.Len()) {
		clock = min(clock, table.Row(i).Unix)
	}
	behind := 0
	add := func(row tabular.Row) {
		id := table.Name(row)
		clock = max(clock, row.Unix)
		a.Feed[id] = append(a.Feed[id], Arrival{
			Second: row.Unix, Value: row.Value, Kind: table.Terms[row.Series].Kind, Clock: clock,
		})
		a.Readings++
		if row.Unix < clock-farBehind {
			behind++
		}
	}
	var held *tabular.Row
	for row := range table.All() {
		switch {
		case !meter.FarAhead(row.Unix, clock):
			held = nil
			add(row)
		case held != nil && meter.Confirms(row.Unix, held.Unix): // all series were silent
			a.Future--
			add(*held)
			add(row)
			held = nil
		default:
			a.Future++
			held = &row
		}
	}
	if behind > table.Len()/farBehindShare {
		return Arrivals{}, &OrderError{behind, table.Len()}
	}
	return a, nil
}

// FaultCost says how much accuracy a model loses because readings came late, wrong or not at all:
// the model on the feed, compared with the same model on the true values.
type FaultCost struct {
	Truth    string            `json:"truth_column"`
	Readings int               `json:"readings"` // in the feed
	Rejected int               `json:"rejected"` // rows without a usable value
	Future   int               `json:"future"`   // rows stamped far ahead of all others
	Clean    accuracy.Measures `json:"clean"`    // on the true values
	Ratio    float64           `json:"ratio"`    // of the pinball losses: feed over true values
}

// Compare sets the measures on the true values, and the ratio; faulty are the measures on the feed.
func (c *FaultCost) Compare(clean, faulty accuracy.Measures) {
	c.Clean = clean
	if clean.Pinball > 0 {
		c.Ratio = faulty.Pinball / clean.Pinball
	}
}
