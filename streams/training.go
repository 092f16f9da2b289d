package streams

import (
	"strconv"
)

// TrainingSubject takes requests for a training cycle. It is a request with an answer, not a stream: who gets no answer
// asks again.
const TrainingSubject = "trainer.run"

// What a trainer answers.
const (
	TrainingAccepted = "accepted" // the cycle begins as soon as a trainer is free
	TrainingBusy     = "busy"     // another cycle is under way; the answer names it
	TrainingRefused  = "refused"  // the request cannot be taken, Text says why
)

// What starts a cycle: the trigger of Training.
const (
	TriggerFirst    = "first"    // there is no champion yet
	TriggerFollow   = "follow"   // a quick first model serves, a thorough one follows
	TriggerSchedule = "schedule" // the clock
	TriggerRequest  = "request"  // TrainingSubject
	TriggerDrift    = "drift"    // EventDrift
)

// Triggers returns all triggers in a fixed order, for metric labels that exist from the start.
func Triggers() []string {
	return []string{TriggerFirst, TriggerFollow, TriggerSchedule, TriggerRequest, TriggerDrift}
}

// maxReason is the longest Reason of a request in bytes.
const maxReason = 256

// TrainingRequest asks for a cycle. An empty message is one with nothing said.
type TrainingRequest struct {
	Start  string // scratch or champion; empty as the trainer is configured
	Reason string // one line for a person
}

// AppendJSON appends the message; what is empty is left out.
func (r *TrainingRequest) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"schema":1`...)
	if r.Start != "" {
		dst = append(dst, `,"start":`...)
		dst = appendString(dst, r.Start)
	}
	if r.Reason != "" {
		dst = append(dst, `,"reason":`...)
		dst = appendString(dst, r.Reason)
	}
	return append(dst, '}')
}

// DecodeTrainingRequest reads what AppendJSON writes. The error is an *InvalidError.
func DecodeTrainingRequest(data []byte) (TrainingRequest, error) {
	if len(data) == 0 {
		return TrainingRequest{}, nil
	}
	var j struct {
		Schema int    `json:"schema"`
		Start  string `json:"start"`
		Reason string `json:"reason"`
	}
	j.Schema = 1 // a person who asks need not say it
	if err := decodeMessage(data, maxPayload, &j, &j.Schema); err != nil {
		return TrainingRequest{}, err
	}
	if j.Start != "" && j.Start != "scratch" && j.Start != "champion" {
		return TrainingRequest{}, fieldError("start", j.Start, "must be scratch or champion, or left out")
	}
	if len(j.Reason) > maxReason {
		return TrainingRequest{}, fieldError("reason", j.Reason, "must be at most "+strconv.Itoa(maxReason)+" bytes")
	}
	return TrainingRequest{Start: j.Start, Reason: j.Reason}, nil
}

// TrainingAnswer is what a trainer says to a request.
type TrainingAnswer struct {
	Answer string // accepted, busy or refused
	Cycle  string // that was accepted, or is under way; empty when refused
	Text   string // one line for a person
}

// AppendJSON appends the message; an empty Cycle is left out.
func (a *TrainingAnswer) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"schema":1,"answer":`...)
	dst = appendString(dst, a.Answer)
	if a.Cycle != "" {
		dst = append(dst, `,"cycle":`...)
		dst = appendString(dst, a.Cycle)
	}
	dst = append(dst, `,"text":`...)
	dst = appendString(dst, a.Text)
	return append(dst, '}')
}

// DecodeTrainingAnswer reads what AppendJSON writes. The error is an *InvalidError.
func DecodeTrainingAnswer(data []byte) (TrainingAnswer, error) {
	var j struct {
		Schema int    `json:"schema"`
		Answer string `json:"answer"`
		Cycle  string `json:"cycle"`
		Text   string `json:"text"`
	}
	if err := decodeMessage(data, maxPayload, &j, &j.Schema); err != nil {
		return TrainingAnswer{}, err
	}
	if j.Answer == "" {
		return TrainingAnswer{}, fieldError("answer", "", "must be accepted, busy or refused")
	}
	return TrainingAnswer{Answer: j.Answer, Cycle: j.Cycle, Text: j.Text}, nil
}

// Training is what an event of a training cycle tells of it.
type Training struct {
	Cycle      string  `json:"cycle"`
	Trigger    string  `json:"trigger"`
	Attempt    int     `json:"attempt"` // from 1; a killed cycle is repeated
	Iteration  int     `json:"iteration"`
	Iterations int     `json:"iterations"` // 0 while nothing is fitted
	Loss       float64 `json:"loss"`       // of the iteration, in scaled units
	Valid      float64 `json:"valid"`      // at the last look, 0 before
}

func appendTraining(dst []byte, t *Training) []byte {
	dst = append(dst, `,"training":{"cycle":`...)
	dst = appendString(dst, t.Cycle)
	dst = append(dst, `,"trigger":`...)
	dst = appendString(dst, t.Trigger)
	dst = append(dst, `,"attempt":`...)
	dst = strconv.AppendInt(dst, int64(t.Attempt), 10)
	if t.Iterations > 0 {
		dst = append(dst, `,"iteration":`...)
		dst = strconv.AppendInt(dst, int64(t.Iteration), 10)
		dst = append(dst, `,"iterations":`...)
		dst = strconv.AppendInt(dst, int64(t.Iterations), 10)
		dst = append(dst, `,"loss":`...)
		dst = strconv.AppendFloat(dst, t.Loss, 'g', 5, 64)
		dst = append(dst, `,"valid":`...)
		dst = strconv.AppendFloat(dst, t.Valid, 'g', 5, 64)
	}
	return append(dst, '}')
}
