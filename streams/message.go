package streams

import (
	"encoding/json"
	"errors"
	"strconv"

	"github.com/loadtide/loadtide/pkg/meter"
)

// decodeMessage reads a message of ours into v, whose schema field is pointed to by schema.
func decodeMessage(data []byte, limit int, v any, schema *int) *InvalidError {
	if len(data) == 0 {
		return &InvalidError{Reason: meter.ReasonEmpty, Index: WholeMessage, Field: "message"}
	}
	if len(data) > limit {
		return &InvalidError{
			Reason: meter.ReasonTooLarge, Index: WholeMessage, Field: "message", Value: strconv.Itoa(len(data)),
			Remedy: "at most " + strconv.Itoa(limit) + " bytes",
		}
	}
	if err := json.Unmarshal(data, v); err != nil {
		e := &InvalidError{
			Reason: meter.ReasonUnparsable, Index: WholeMessage, Field: "message", Value: shown(data), Remedy: err.Error(),
		}
		if typed := new(json.UnmarshalTypeError); errors.As(err, &typed) {
			e.Field, e.Value, e.Remedy = typed.Field, typed.Value, "another JSON type is wanted"
		}
		return e
	}
	if *schema != Schema {
		return fieldError("schema", strconv.Itoa(*schema), "this release reads schema "+strconv.Itoa(Schema))
	}
	return nil
}

func fieldError(field, value, remedy string) *InvalidError {
	return &InvalidError{
		Reason: meter.ReasonUnparsable, Index: WholeMessage, Field: field, Value: shown([]byte(value)), Remedy: remedy,
	}
}
