package engine

import (
	"math/rand/v2"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Each reading of a series changed it unless it is repeated, waiting or refused, whatever order,
// moments and values the readings have. A reading may change its series and be refused later.
func TestTallyAccountsForEachReading(t *testing.T) {
	t.Parallel()
	steps := []int64{60, 300, 900, 1800, meter.HourSeconds, 2 * meter.HourSeconds, 77}
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 3))
		e := New()
		step, second := steps[random.IntN(len(steps))], int64(epoch)
		kind := meter.Kind(random.IntN(4))
		sent, applied, refused, later := 0, 0, 0, 0
		for range 40 {
			var batch []Reading
			for range 1 + random.IntN(20) {
				at := second
				switch random.IntN(12) {
				case 0:
					at += int64(random.IntN(100)) * meter.HourSeconds
				case 1:
					at -= int64(random.IntN(100)) * meter.HourSeconds
				case 2:
					at += int64(random.IntN(int(step)))
				case 3:
					step = steps[random.IntN(len(steps))]
				}
				batch = append(batch, Reading{
					Series: m17, Second: at, Value: float64(random.IntN(4)), Quality: meter.OK,
					Kind: kind, Message: len(batch), History: random.IntN(3) == 0,
				})
				if random.IntN(6) > 0 {
					second += step
				}
			}
			sent += len(batch)
			result := e.Step(batch)
			applied += result.Applied
			refused += len(result.Rejections)
			for _, r := range result.Rejections {
				if r.Held != nil {
					later++
				}
			}
			tally := e.TallyOf(m17)
			taken := sent - int(tally.Repeated) - tally.Waiting - refused
			if taken > applied || taken < applied-later {
				t.Fatalf("seed %d: %d of %d readings changed the series, %+v, %d refused, %d of them later",
					seed, applied, sent, tally, refused, later)
			}
		}
	}
}
