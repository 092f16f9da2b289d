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

// turns are what each task took for a call in each round.
type turns [][]answer // [task][round]

// takeTurns times blocks of all tasks, one after the other, round after round.
func takeTurns(tasks []task, rounds int) (turns, error) {
	t := make(turns, len(tasks))
	for range rounds {
		for i, one := range tasks {
			a, err := one.side.ask(request{Do: "run", Task: one.id})
			if err != nil {
				return nil, err
			}
			if !(a.Seconds > 0 && a.Passed > 0) {
				return nil, fmt.Errorf("%s took %v s for a call of %s", one.side.name, a.Seconds, one.id)
			}
			t[i] = append(t[i], a)
		}
	}
	return t, nil
}

// time is the median of a task's rounds, in parts of a second.
func (t turns) time(i int, parts float64) float64 {
	return figure(t.overRounds(func(r int) float64 { return parts * t[i][r].Seconds }))
}

// ratio is how many times longer task i takes than task j: the median over the
// rounds of the ratio within each.
func (t turns) ratio(i, j int) float64 {
	return t.overRounds(func(r int) float64 { return t[i][r].Seconds / t[j][r].Seconds })
}

// ratioPassed is ratio in time that passed.
func (t turns) ratioPassed(i, j int) float64 {
	return t.overRounds(func(r int) float64 { return t[i][r].Passed / t[j][r].Passed })
}

// overRounds is the median of a value of each round.
func (t turns) overRounds(value func(r int) float64) float64 {
	all := make([]float64, len(t[0]))
	for r := range all {
		all[r] = value(r)
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}

// figure is v to the digits that mean something.
func figure(v float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil {
		return v
	}
	return short
}
