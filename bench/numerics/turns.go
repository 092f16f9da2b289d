package main

import (
	"fmt"
	"slices"
	"strconv"
)

// pace is how long a measurement takes.
type pace struct {
	rounds, trainRounds int
	block, trainBlock   float64 // seconds
}

var (
	thorough = pace{rounds: 21, block: 0.06, trainRounds: 15, trainBlock: 0.5}
	quick    = pace{rounds: 3, block: 0.02, trainRounds: 3, trainBlock: 0.2}
)

// task is something one side does.
type task struct {
	side *side
	id   string
}

// turns are the seconds of a call of each task in each round, [task][round].
type turns [][]float64

// takeTurns times blocks of all tasks, one after the other, round after round.
func takeTurns(tasks []task, rounds int) (turns, error) {
	t := make(turns, len(tasks))
	for range rounds {
		for i, one := range tasks {
			a, err := one.side.ask(request{Do: "run", Task: one.id})
			if err != nil {
				return nil, err
			}
			if !(a.Seconds > 0) {
				return nil, fmt.Errorf("%s took %v s for a call of %s", one.side.name, a.Seconds, one.id)
			}
			t[i] = append(t[i], a.Seconds)
		}
	}
	return t, nil
}

// time is the median of a task's rounds, in parts of a second.
func (t turns) time(i int, parts float64) float64 { return figure(parts * median(slices.Clone(t[i]))) }

// figure is v to the digits that mean something.
func figure(v float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil {
		return v
	}
	return short
}

// ratio is how many times longer task i takes than task j: the median over the
// rounds of the ratio within each.
func (t turns) ratio(i, j int) float64 {
	all := make([]float64, len(t[i]))
	for r := range all {
		all[r] = t[i][r] / t[j][r]
	}
	return median(all)
}

func median(x []float64) float64 {
	slices.Sort(x)
	n := len(x)
	if n == 0 {
		return 0
	}
	return (x[(n-1)/2] + x[n/2]) / 2
}
