package grid_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// sender draws how a meter sends.
type sender struct {
	kind meter.Kind
	set  int32
	step int
	late int // most seconds of jitter
	lost int // one of so many readings is lost; 0 is none
}

func drawSender(t *rapid.T) sender {
	return sender{
		kind: rapid.SampledFrom([]meter.Kind{meter.Energy, meter.Power, meter.Register}).Draw(t, "kind"),
		set:  rapid.SampledFrom([]int32{0, 3600}).Draw(t, "set"),
		step: rapid.SampledFrom([]int{60, 300, 900, 1200, 1800, 3600}).Draw(t, "step"),
		late: rapid.SampledFrom([]int{0, 5}).Draw(t, "late"),
		lost: rapid.SampledFrom([]int{0, 0, 11}).Draw(t, "lost"),
	}
}

func (s sender) points(t *rapid.T, days int) []grid.Point {
	phase := rapid.SampledFrom([]int64{0, 0, 900}).Draw(t, "phase")
	seed := rapid.IntRange(1, 1000).Draw(t, "seed")
	points := every(midnight+phase, s.step, days*86400/s.step, func(i int) float64 {
		if s.kind == meter.Register {
			return 5000 + float64(i*s.step)/3600
		}
		return float64((i*i*seed)%97) / 16
	})
	kept := points[:0]
	for i, p := range points {
		if s.late > 0 {
			p.Second += int64((i * seed) % (s.late + 1))
		}
		if s.lost == 0 || (i*seed)%s.lost != 0 || i < 3 {
			kept = append(kept, p)
		}
	}
	return kept
}

// Once the grid of a series is known, the order of arrival within the time in which readings may be
// late does not matter: the cells are the same to the bit.
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		snd := drawSender(rt)
		points := snd.points(rt, 5)
		split := len(points) / 2
		ordered, shuffled := newStrip(t, snd.kind, snd.set), newStrip(t, snd.kind, snd.set)
		ordered.putAll(points)
		shuffled.putAll(points[:split])
		// The rest comes in blocks, each in another order: of half a day; of readings that come each
		// minute, of less than the time that a reading off the grid waits.
		block := 12 * 3600 / snd.step
		if snd.step == 60 {
			block = 3 * 60
		}
		order := rapid.Permutation(slices.Clone([]int{0, 1, 2, 3, 4, 5, 6})).Draw(rt, "order")
		for from := split; from < len(points); from += block {
			part := points[from:min(from+block, len(points))]
			for _, k := range order {
				for i := k; i < len(part); i += len(order) {
					shuffled.put(part[i])
				}
			}
		}
		// Whether the last cell is whole may have looked otherwise on the way.
		a, b := ordered.list(), shuffled.list()
		if n := min(len(a), len(b)); max(len(a), len(b))-n <= 1 {
			a, b = a[:n], b[:n]
		}
		if !slices.Equal(a, b) {
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					rt.Fatalf("%+v: cell %d: in order %+v, shuffled %+v", snd, i, a[i], b[i])
				}
			}
			rt.Fatalf("%+v: %d cells in order, %d shuffled; refused %v and %v", snd, len(a), len(b), ordered.refused, shuffled.refused)
		}
	})
}

// No energy is counted twice or lost, whatever the step: where nothing is missing the cells hold
// what the meter measured.
func TestEnergyIsKept(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		snd := drawSender(rt)
		snd.lost = 0
		points := snd.points(rt, 4)
		s := newStrip(t, snd.kind, snd.set)
		s.putAll(points)
		want := 0.0
		for _, p := range points {
			switch snd.kind {
			case meter.Energy:
				want += p.Value
			case meter.Power:
				want += p.Value * float64(snd.step) / float64(s.state.Interval)
			default:
				want = points[len(points)-1].Value - points[0].Value
			}
		}
		// At most two cells are not closed, and two more are cut by the borders.
		most := 0.0
		for _, c := range s.cells {
			most = max(most, float64(c.Value))
		}
		if got := s.energy(); math.Abs(got-want) > 4*most+1e-6 {
			rt.Fatalf("%+v: energy %v, want %v, a cell has at most %v; grid %+v", snd, got, want, most, s.state.Grid)
		}
		for _, n := range s.refused {
			if n > 0 {
				rt.Fatalf("%+v: refused %v", snd, s.refused)
			}
		}
	})
}

// Anything may come; a State never panics, and says of each reading what became of it.
func TestAnythingMayCome(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom([]meter.Kind{meter.KindUnknown, meter.Energy, meter.Power, meter.Register}).Draw(rt, "kind")
		s := newStrip(t, kind, rapid.SampledFrom([]int32{0, 0, 900, 3600}).Draw(rt, "set"))
		at := int64(midnight)
		n := rapid.IntRange(1, 200).Draw(rt, "readings")
		gap := rapid.SampledFrom([]int64{1, 59, 60, 299, 300, 301, 900, 1799, 1800, 3600, 7200, 86400, 3 * 86400, 40 * 86400})
		spans := rapid.SampledFrom([]int32{0, 0, 0, 0, 300, 900, 3600, 777})
		for range n {
			if step := gap.Draw(rt, "gap"); rapid.IntRange(0, 9).Draw(rt, "back") == 0 {
				at -= step
			} else {
				at += step
			}
			p := grid.Point{
				Second: max(at, 86400), Value: rapid.Float64Range(-1e6, 1e6).Draw(rt, "value"), Span: spans.Draw(rt, "span"),
				Quality: rapid.SampledFrom([]meter.Quality{meter.OK, meter.OK, meter.OK, meter.Estimated, meter.Bad}).Draw(rt, "quality"),
			}
			if d := s.put(p); d < grid.Applied || d > grid.Rejected {
				rt.Fatalf("decision %d", d)
			}
			if waits := s.waits(); waits != s.waiting {
				rt.Fatalf("%d readings wait, and nothing was said of %d: %+v", waits, s.waiting, p)
			}
			if rapid.IntRange(0, 19).Draw(rt, "tick") == 0 {
				s.state.Close(at+rapid.Int64Range(0, 7200).Draw(rt, "later"), s, &s.out)
				s.take(&s.out)
			}
		}
		refused := 0
		for _, k := range s.refused {
			refused += k
		}
		if s.waiting < 0 || s.waiting > n || s.applied+refused > 2*n {
			rt.Fatalf("%d readings: %d applied, %d wait, %v refused", n, s.applied, s.waiting, s.refused)
		}
		s.state.End(&s.out)
		if left := len(s.out.Refused); left != s.waiting {
			rt.Fatalf("%d readings waited at the end, and %d were refused", s.waiting, left)
		}
		for _, c := range s.list() {
			if math.IsNaN(float64(c.Value)) || math.IsInf(float64(c.Value), 0) {
				rt.Fatalf("cell %+v", c)
			}
		}
	})
}

// A first history may come newest first, from the first reading or after a day in order, whatever
// the step and the kind: the cells are those of the order of time.
func TestFirstHistoryNewestFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		snd := drawSender(rt)
		snd.step = max(snd.step, 300)
		points := snd.points(rt, rapid.IntRange(3, 13).Draw(rt, "days"))
		ordered, reversed := newStrip(t, snd.kind, snd.set), newStrip(t, snd.kind, snd.set)
		ordered.putAll(points)
		day := max(len(points)-rapid.SampledFrom([]int{0, 86400}).Draw(rt, "seconds known")/snd.step, 0)
		reversed.putAll(points[day:])
		for i := day - 1; i >= 0; i-- {
			reversed.put(points[i])
		}
		for reason, n := range reversed.refused {
			rt.Fatalf("%+v: %d refused as %s", snd, n, reason)
		}
		a, b := ordered.list(), reversed.list()
		if !slices.Equal(a, b) {
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					rt.Fatalf("%+v: cell %d: in order %+v, newest first %+v", snd, i, a[i], b[i])
				}
			}
			rt.Fatalf("%+v: %d cells in order, %d newest first", snd, len(a), len(b))
		}
	})
}

// A first history of up to two weeks may come in any order, one reading at a time: all of it is taken,
// no interval is found unsupported on the way, and grid and cells are those of the order of time.
func TestFirstHistoryInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		snd := drawSender(rt)
		snd.step = max(snd.step, 900)
		points := snd.points(rt, rapid.IntRange(3, 13).Draw(rt, "days"))
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "order"), 1))
		ordered, shuffled := newStrip(t, snd.kind, snd.set), newStrip(t, snd.kind, snd.set)
		ordered.putAll(points)
		for _, i := range random.Perm(len(points)) {
			shuffled.put(points[i])
			if shuffled.state.Coarse > 0 {
				rt.Fatalf("%+v: coarse %d", snd, shuffled.state.Coarse)
			}
		}
		if len(shuffled.refused) > 0 || shuffled.waits() > 0 {
			rt.Fatalf("%+v: refused %v, %d wait", snd, shuffled.refused, shuffled.waits())
		}
		if ordered.state.Grid != shuffled.state.Grid {
			rt.Fatalf("%+v: grid %+v in order, %+v shuffled", snd, ordered.state.Grid, shuffled.state.Grid)
		}
		a, b := ordered.list(), shuffled.list()
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				rt.Fatalf("%+v: cell %d: in order %+v, shuffled %+v", snd, i, a[i], b[i])
			}
		}
		if len(a) != len(b) {
			rt.Fatalf("%+v: %d cells in order, %d shuffled", snd, len(a), len(b))
		}
	})
}
