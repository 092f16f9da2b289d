package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// cycleScreen shows the events of a cycle to a person.
type cycleScreen struct {
	*screen
	loaded func(cycle.Event) string // the line of the event Loaded
	pace   eta
}

func (s *cycleScreen) tell(e cycle.Event) {
	switch e.Kind {
	case cycle.Loaded:
		s.line("%s", s.loaded(e))
	case cycle.Progress:
		s.bar(e.Iteration, e.Iterations, lossNote(e.Loss, e.Valid),
			s.pace.left(e.Iteration, e.Iterations))
	case cycle.Judging:
		s.barDone()
		s.line("measuring the model on later time")
	case cycle.Warning:
		s.line("warn: %s", e.Text)
	case cycle.Waiting:
		s.line("warn: waiting for the registry: %v", e.Err)
	case cycle.Done:
		s.barDone()
	}
}

// tellParent writes the events of a child as JSON lines for the parent. The parent shows what a
// child prints on standard error when the child fails. A parent that is gone is noticed on standard
// input.
func tellParent(to *json.Encoder, show *screen) func(cycle.Event) {
	onScreen := cycleScreen{screen: show}
	return func(e cycle.Event) {
		switch e.Kind {
		case cycle.Waiting:
			onScreen.tell(e)
		case cycle.Warning: // a person reads the warnings when they train from files
		default:
			_ = to.Encode(e)
		}
	}
}

// modelLine is the outcome of a training in one line.
func modelLine(e cycle.Event) string {
	name := e.Model
	if e.Version != "" {
		name += " v" + e.Version
	}
	verdict := "not registered"
	switch {
	case e.Champion:
		verdict = "champion"
	case e.Version != "":
		verdict = "registered, not champion: " + e.Why
	}
	if e.WQL == 0 && e.NaiveWQL == 0 {
		return fmt.Sprintf("%s: nothing was used on the time it is judged by, so there is no "+
			"score; %s", name, verdict)
	}
	word, skill := "better", e.Skill
	if skill < 0 {
		word, skill = "WORSE", -skill
	}
	return fmt.Sprintf("%s: wQL %.3g, seasonal naive %.3g -> %.0f %% %s; 80 %% band held %.0f "+
		"%%; %s",
		name, e.WQL, e.NaiveWQL, 100*skill, word, 100*e.Coverage80, verdict)
}

func lossNote(loss, valid float64) string {
	if valid == 0 {
		return fmt.Sprintf("loss %.3f", loss)
	}
	return fmt.Sprintf("loss %.3f  valid %.3f", loss, valid)
}

// eta estimates the time left from the pace so far.
type eta struct{ began time.Time }

func (e *eta) left(done, total int) time.Duration {
	if e.began.IsZero() {
		e.began = time.Now()
		return 0
	}
	if done < 2 {
		return 0
	}
	return time.Duration(float64(time.Since(e.began)) / float64(done-1) * float64(total-done))
}
