package accuracy

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

const (
	// HeldCells is how many intervals a forecast is held after the one it was for: so
	// late an actual is still scored, and a correction scored again.
	HeldCells = 4
	// inFlight is how many forecasts of one lead wait at most; of a longer lead every
	// second, third, … target is kept.
	inFlight = 24

	// A slot begins with the low 16 bits of the target, the source and the number of scores in a
	// byte each, and the model in two bytes. In version 1 source and model shared a byte.
	slotHead, slotHead1 = 6, 4
	never               = 0 // of the source: the slot is empty
)

// Maker says who made a forecast, in numbers of the caller's.
type Maker struct {
	Source uint8  // from 1 on
	Model  uint16 // 0 when the source is a rule
}

// Waiting lays out the forecasts of one series that wait for their actuals, in a
// row of bytes that belongs to someone else (a slab). Forecasts are kept for the first
// lead, those that end 1, 6, 12 and 24 hours after the origin, and the horizon, quantiles to five
// digits, as they are published.
// A Waiting is the same for all series with these levels and this horizon, and
// safe for concurrent use.
type Waiting struct {
	levels  []float64
	horizon int
	leads   []waitingLead
	size    int // of a slot
	bytes   int // of a row

	median             int
	p10, p25, p75, p90 int // -1 when the forecast has no such level
}

// waitingLead is where the forecasts of one lead lie.
type waitingLead struct {
	lead   int
	first  int   // byte of its first slot
	slots  int64 // a target's place is target/stride modulo slots
	stride int64 // targets that it does not divide are not kept
}

// NewWaiting lays out forecasts with these levels (ascending in (0, 1), with 0.5)
// for leads 1..horizon, of which hour make an hour.
func NewWaiting(levels []float64, horizon, hour int) (*Waiting, error) {
	index, err := indexLevels(levels)
	if err != nil {
		return nil, fmt.Errorf("waiting forecasts: %w", err)
	}
	if horizon < 1 {
		return nil, fmt.Errorf("waiting forecasts: horizon %d: must be at least 1", horizon)
	}
	w := &Waiting{
		levels: slices.Clone(levels), horizon: horizon, size: slotHead + 3*len(levels),
		median: index.p50, p10: index.p10, p90: index.p90, p25: slices.Index(levels, 0.25),
		p75: slices.Index(levels, 0.75),
	}
	for _, lead := range ScoredLeads(horizon, hour) {
		stride := (lead + inFlight - 1) / inFlight
		slots := (lead + HeldCells + stride - 1) / stride
		w.leads = append(
			w.leads,
			waitingLead{lead: lead, first: w.bytes, slots: int64(slots), stride: int64(stride)},
		)
		w.bytes += slots * w.size
	}
	return w, nil
}

// Fits says that a row laid out by w is one of these levels and this horizon too.
func (w *Waiting) Fits(levels []float64, horizon int) bool {
	return w.horizon == horizon && slices.Equal(w.levels, levels)
}

// Levels and Horizon are those of the forecasts.
func (w *Waiting) Levels() []float64 { return w.levels }

// Horizon is the longest lead.
func (w *Waiting) Horizon() int { return w.horizon }

// Leads is the number of leads that are scored.
func (w *Waiting) Leads() int { return len(w.leads) }

// Bytes is the length of a row.
func (w *Waiting) Bytes() int { return w.bytes }

// slot is the place of a target among those of a lead, nil when it is not kept.
func (w *Waiting) slot(row []byte, l *waitingLead, target int64) []byte {
	if target < 0 || target%l.stride != 0 {
		return nil
	}
	at := l.first + int(target/l.stride%l.slots)*w.size
	return row[at : at+w.size]
}

// Put keeps the forecast that was made at the origin after cell newest: quantiles
// [horizon][levels]. It takes the place of one whose target is long over, and returns how many of
// those were never scored.
func (w *Waiting) Put(row []byte, newest int64, by Maker, quantiles []float32) (unscored int) {
	n := len(w.levels)
	for i := range w.leads {
		l := &w.leads[i]
		target := newest + int64(l.lead)
		slot := w.slot(row, l, target)
		if slot == nil {
			continue
		}
		if slot[2] != never && slot[3] == 0 && binary.LittleEndian.Uint16(slot) != uint16(target) {
			unscored++
		}
		binary.LittleEndian.PutUint16(slot, uint16(target))
		slot[2], slot[3] = by.Source, 0
		binary.LittleEndian.PutUint16(slot[4:], by.Model)
		for q, v := range quantiles[(l.lead-1)*n : l.lead*n] {
			put24(slot[slotHead+3*q:], v)
		}
	}
	return unscored
}

// Unscored is how many forecasts of a row were never scored.
func (w *Waiting) Unscored(row []byte) int {
	n := 0
	for at := 0; at < len(row); at += w.size {
		if row[at+2] != never && row[at+3] == 0 {
			n++
		}
	}
	return n
}

// Held is one forecast beside its actual.
type Held struct {
	Lead     int
	By       Maker
	Revision int // how often it was scored before this time
	// Pinball is the mean quantile loss over the levels, Naive that of a forecast whose
	// quantiles are all the naive value; Error is the actual minus the median.
	Pinball, Naive, Error float64
	// Inside50 and Inside80 count only where the forecast has these levels (Has50, Has80).
	Inside50, Inside80, Has50, Has80 bool
}

// Score appends what the forecasts of a target were worth, beside its actual and
// the naive value of a lead, both in the series' unit (a naive value may be NaN),
// and notes that they were scored. With void the actual is not known any more:
// only those come back that had been scored, without numbers.
func (w *Waiting) Score(
	dst []Held,
	row []byte,
	target int64,
	actual float32,
	naive func(lead int) float32,
	void bool,
) []Held {
	for i := range w.leads {
		l := &w.leads[i]
		slot := w.slot(row, l, target)
		if slot == nil || slot[2] == never || binary.LittleEndian.Uint16(slot) != uint16(target) ||
			void && slot[3] == 0 {
			continue
		}
		h := Held{Lead: l.lead, By: makerOf(slot), Revision: int(slot[3])}
		slot[3] = uint8(min(h.Revision+1, math.MaxUint8))
		if !void {
			w.judge(&h, slot[slotHead:], actual, naive(l.lead))
		}
		dst = append(dst, h)
	}
	return dst
}

func (w *Waiting) judge(h *Held, quantiles []byte, actual, naive float32) {
	at := func(q int) float32 { return get24(quantiles[3*q:]) }
	y := float64(actual)
	for q, level := range w.levels {
		h.Pinball += Pinball(level, y, float64(at(q)))
		h.Naive += Pinball(level, y, float64(naive))
	}
	h.Pinball /= float64(len(w.levels))
	h.Naive /= float64(len(w.levels))
	h.Error = y - float64(at(w.median))
	// A forecast that equals the actual must not lie beside it for its last bits.
	same := round24(actual)
	if h.Has50 = w.p25 >= 0 && w.p75 >= 0; h.Has50 {
		h.Inside50 = at(w.p25) <= same && same <= at(w.p75)
	}
	if h.Has80 = w.p10 >= 0 && w.p90 >= 0; h.Has80 {
		h.Inside80 = at(w.p10) <= same && same <= at(w.p90)
	}
}

func makerOf(slot []byte) Maker {
	return Maker{Source: slot[2], Model: binary.LittleEndian.Uint16(slot[4:])}
}

// Renumber calls number with the maker of every forecast that is kept, and keeps what it returns.
func (w *Waiting) Renumber(row []byte, number func(Maker) Maker) {
	for at := 0; at < w.bytes; at += w.size {
		if slot := row[at : at+w.size]; slot[2] != never {
			by := number(makerOf(slot))
			slot[2] = by.Source
			binary.LittleEndian.PutUint16(slot[4:], by.Model)
		}
	}
}

// Bytes1 is the length of a row of version 1.
func (w *Waiting) Bytes1() int { return w.bytes / w.size * (w.size - slotHead + slotHead1) }

// Read1 fills a row from one of version 1, which had the source in the upper three bits of a byte
// and the model in the lower five.
func (w *Waiting) Read1(row, old []byte) {
	size := w.size - slotHead + slotHead1
	for len(row) > 0 {
		by := old[2]
		copy(row, old[:slotHead1])
		row[2] = by >> 5
		binary.LittleEndian.PutUint16(row[4:], uint16(by&31))
		copy(row[slotHead:w.size], old[slotHead1:size])
		row, old = row[w.size:], old[size:]
	}
}

// Largest returns the largest magnitude among the quantiles that a row keeps, 0 for an empty one.
func (w *Waiting) Largest(row []byte) float32 {
	var most float32
	for at := 0; at < w.bytes; at += w.size {
		slot := row[at : at+w.size]
		if slot[2] == never {
			continue
		}
		for q := range w.levels {
			v := get24(slot[slotHead+3*q:])
			most = max(most, v, -v)
		}
	}
	return most
}

// Check says what no Put can have written.
func (w *Waiting) Check(row []byte, newest int64) error {
	for i := range w.leads {
		l := &w.leads[i]
		for k := range l.slots {
			at := l.first + int(k)*w.size
			slot := row[at : at+w.size]
			if slot[2] == never {
				continue
			}
			// The target by its low bits, as the nearest one to the newest cell.
			ahead := int64(int16(binary.LittleEndian.Uint16(slot) - uint16(newest)))
			if ahead > int64(l.lead) || (newest+ahead)%l.stride != 0 ||
				(newest+ahead)/l.stride%l.slots != k {
				return fmt.Errorf(
					"a forecast of lead %d for a cell %d after the newest one",
					l.lead,
					ahead,
				)
			}
			for q := range w.levels {
				if v := float64(get24(slot[slotHead+3*q:])); !meter.Finite(v) {
					return fmt.Errorf("a forecast of lead %d is %v", l.lead, v)
				}
			}
		}
	}
	return nil
}

// The upper 24 bits of a float32 hold a number to 1 in 65 thousand, which is about what
// five digits say. Rounding keeps the order of numbers.

func round24(v float32) float32 {
	var b [3]byte
	put24(b[:], v)
	return get24(b[:])
}

func put24(dst []byte, v float32) {
	bits := math.Float32bits(v)
	if up := bits + 0x80; up&0x7f800000 != 0x7f800000 { // the largest numbers are cut
		bits = up
	}
	dst[0], dst[1], dst[2] = byte(bits>>8), byte(bits>>16), byte(bits>>24)
}

func get24(src []byte) float32 {
	return math.Float32frombits(uint32(src[0])<<8 | uint32(src[1])<<16 | uint32(src[2])<<24)
}
