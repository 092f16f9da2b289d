package engine

import (
	"fmt"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

const (
	// mostState bounds a hidden or a cell state. A step of the LSTM adds at most 1 to a cell state,
	// so a million is beyond a century of hours.
	mostState = 1e6
	// mostWeight bounds the sum of the weights of a scale, which halve in 90 days.
	mostWeight = 1e4
)

// checkNumbers returns an error for a number that no readings can lead to: an imported state must
// not break the forecasts of a partition.
func (p *Portable) checkNumbers() error {
	s, scale := &p.slabs, p.slabs.scale(0)
	scaler := scale.Scaler
	numbers := []float32{scaler.Center, scaler.Scale, scaler.Unit, scaler.Usual}
	for _, part := range []struct {
		what    string
		most    float64
		numbers []float32
	}{
		{sectionValues, meter.MaxValue, s.values.row(0)},
		{sectionScaling, meter.MaxValue, numbers},
		{sectionHidden, mostState, s.live.row(0)},
		{sectionHidden, mostState, s.settled.row(0)},
		{sectionAside, meter.MaxValue, flaggedValues(s.flagged[0])},
		{sectionWaiting, meter.MaxValue, []float32{s.waiting.Largest(s.held.row(0))}},
	} {
		for _, v := range part.numbers {
			if err := checkNumber(part.what, float64(v), part.most); err != nil {
				return err
			}
		}
	}
	for _, moment := range []struct{ value, most float64 }{
		{scale.Weight, mostWeight}, {scale.Mean, meter.MaxValue}, {scale.Absolute, meter.MaxValue},
		{scale.Square, mostWeight * meter.MaxValue * meter.MaxValue},
	} {
		if err := checkNumber(sectionScaling, moment.value, moment.most); err != nil {
			return err
		}
	}
	var points []grid.Point
	if r := s.states[0].raw; r != nil {
		points = r.Points
	}
	if held := s.states[0].held; held != nil {
		points = append(slices.Clone(points), *held)
	}
	for _, point := range points {
		if err := checkNumber(sectionExtra, point.Value, meter.MaxValue); err != nil {
			return err
		}
	}
	return nil
}

func checkNumber(section string, v, most float64) error {
	if math.Abs(v) <= most { // not so for NaN
		return nil
	}
	return fmt.Errorf("state section %q: a number is %v, beyond the %.0e that readings can lead to",
		section, v, most)
}

func flaggedValues(all []raw) []float32 {
	values := make([]float32, len(all))
	for i, r := range all {
		values[i] = r.value
	}
	return values
}
