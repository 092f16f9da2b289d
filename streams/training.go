package streams

import (
	"strconv"

	"github.com/loadtide/loadtide/pkg/meter"
)

// TrainingSubject is the subject of requests for a training cycle. No stream stores them: a client
// that gets no answer asks again.
const TrainingSubject = "trainer.run"

// The answers of a trainer.
const (
	TrainingAccepted = "accepted" // the cycle begins as soon as a trainer is free
	TrainingBusy     = "busy"     // another cycle is under way; the answer names it
	TrainingRefused  = "refused"  // the request is not accepted, Text says why
)

// The triggers of a training cycle.
const (
	TriggerFirst    = "first"    // there is no champion yet
	TriggerFollow   = "follow"   // a quick first model serves, a thorough one follows
	TriggerSchedule = "schedule" // the schedule of the trainer
	TriggerRequest  = "request"  // a TrainingRequest
	TriggerDrift    = "drift"    // an EventDrift
)

// Triggers returns all triggers in a fixed order, for metric labels that exist from the start.
func Triggers() []string {
	return []string{TriggerFirst, TriggerFollow, TriggerSchedule, TriggerRequest, TriggerDrift}
}

// maxReason is the longest Reason of a request in bytes.
const maxReason = 256

// TrainingRequest asks for a cycle. An empty message is a request without fields.
type TrainingRequest struct {
	Model  string `json:"model,omitempty"`  // empty: all that have enough history
	Start  string `json:"start,omitempty"`  // auto, base, champion or scratch; empty: the trainer's own
	Reason string `json:"reason,omitempty"` // one line for a person
}

// AppendJSON appends the message. It is for clients; no role calls it.
func (r *TrainingRequest) AppendJSON(dst []byte) []byte { return appendMessage(dst, r) }

// DecodeTrainingRequest reads what AppendJSON writes; the schema may be left out. The error is an
// *InvalidError.
func DecodeTrainingRequest(data []byte) (TrainingRequest, error) {
	var r TrainingRequest
	if len(data) == 0 {
		return r, nil
	}
	if err := decodePlain(data, &r, Schema); err != nil {
		return TrainingRequest{}, err
	}
	if r.Model != "" && !meter.ValidToken(r.Model) {
		return TrainingRequest{}, fieldError("model", r.Model, "must name a model, e.g. load-15m")
	}
	switch r.Start {
	case "", "auto", "base", "champion", "scratch":
	default:
		return TrainingRequest{}, fieldError("start", r.Start,
			"must be auto, base, champion or scratch, or left out")
	}
	if len(r.Reason) > maxReason {
		remedy := "must be at most " + strconv.Itoa(maxReason) + " bytes"
		return TrainingRequest{}, fieldError("reason", r.Reason, remedy)
	}
	return r, nil
}

// TrainingAnswer is the answer of a trainer to a request.
type TrainingAnswer struct {
	Answer string `json:"answer"`          // TrainingAccepted, TrainingBusy or TrainingRefused
	Cycle  string `json:"cycle,omitempty"` // accepted, or under way; empty when refused
	Text   string `json:"text"`            // one line for a person
}

// AppendJSON appends the message.
func (a *TrainingAnswer) AppendJSON(dst []byte) []byte { return appendMessage(dst, a) }

// DecodeTrainingAnswer reads what AppendJSON writes. The error is an *InvalidError. It is for
// clients; no role calls it.
func DecodeTrainingAnswer(data []byte) (TrainingAnswer, error) {
	var a TrainingAnswer
	if err := decodePlain(data, &a, noSchema); err != nil {
		return TrainingAnswer{}, err
	}
	if a.Answer == "" {
		return TrainingAnswer{}, fieldError("answer", "", "must be accepted, busy or refused")
	}
	return a, nil
}

// Training is the part of an event that describes a training cycle.
type Training struct {
	Cycle     string `json:"cycle"`
	Trigger   string `json:"trigger"`
	Attempt   int    `json:"attempt"` // from 1; a killed cycle is repeated
	Iteration int    `json:"iteration"`
	// Iterations is 0 while nothing is fitted. Iteration, Loss and Valid are left out then.
	Iterations int     `json:"iterations"`
	Loss       float64 `json:"loss"`  // of the iteration, in scaled units
	Valid      float64 `json:"valid"` // at the last validation, 0 before
}

// MarshalJSON writes losses with 5 significant digits.
func (t *Training) MarshalJSON() ([]byte, error) {
	dst := appendString([]byte(`{"cycle":`), t.Cycle)
	dst = appendString(append(dst, `,"trigger":`...), t.Trigger)
	dst = strconv.AppendInt(append(dst, `,"attempt":`...), int64(t.Attempt), 10)
	if t.Iterations > 0 {
		dst = strconv.AppendInt(append(dst, `,"iteration":`...), int64(t.Iteration), 10)
		dst = strconv.AppendInt(append(dst, `,"iterations":`...), int64(t.Iterations), 10)
		dst = appendLoss(append(dst, `,"loss":`...), t.Loss)
		dst = appendLoss(append(dst, `,"valid":`...), t.Valid)
	}
	return append(dst, '}'), nil
}

// appendLoss appends a loss. A loss that is not finite becomes null.
func appendLoss(dst []byte, v float64) []byte {
	if !meter.Finite(v) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, v, 'g', 5, 64)
}
