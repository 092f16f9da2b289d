package streams

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/loadtide/loadtide/pkg/meter"
)

// appendMessage appends v, a struct without a field for the schema, with the schema before its
// fields.
func appendMessage(dst []byte, v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // of texts, numbers and times, which cannot fail
	return appendVersioned(dst, appendPlain(nil, bytes.TrimSpace(b.Bytes())))
}

// appendVersioned appends an object with the schema before its fields.
func appendVersioned(dst, object []byte) []byte {
	dst = append(dst, `{"schema":1`...)
	if len(object) > len("{}") {
		dst = append(append(dst, ','), object[1:len(object)-1]...)
	}
	return append(dst, '}')
}

// escapes are the escapes that encoding/json writes in another way than appendString.
var escapes = []struct{ theirs, ours string }{
	{`\b`, `\u0008`}, {`\f`, `\u000c`}, {`\u2028`, "\u2028"}, {`\u2029`, "\u2029"},
}

// appendPlain appends JSON of encoding/json with the escapes of appendString, so that all messages
// have the same escapes. In JSON a backslash occurs only in strings, where it begins an escape.
func appendPlain(dst, data []byte) []byte {
	for {
		i := bytes.IndexByte(data, '\\')
		if i < 0 {
			return append(dst, data...)
		}
		dst, data = append(dst, data[:i]...), data[i:]
		theirs := string(data[:len(`\n`)])
		ours := theirs
		for _, e := range escapes {
			if bytes.HasPrefix(data, []byte(e.theirs)) {
				theirs, ours = e.theirs, e.ours
			}
		}
		dst, data = append(dst, ours...), data[len(theirs):]
	}
}

// appendAny appends v as encoding/json writes it.
func appendAny(dst []byte, v any) []byte {
	data, _ := json.Marshal(v) // of texts, numbers and times, which cannot fail
	return append(dst, data...)
}

// noSchema is the schema of a message that names none.
const noSchema = 0

// decodePlain reads a message into v, a struct without a field for the schema. absent is the schema
// of a message that names none.
func decodePlain(data []byte, v any, absent int) *InvalidError {
	message := struct {
		Schema int `json:"schema"`
	}{absent}
	if err := checkSize(data, maxPayload); err != nil {
		return err
	}
	if err := unmarshal(data, v); err != nil {
		return err
	}
	return decodeMessage(data, maxPayload, &message, &message.Schema)
}

// decodeMessage reads a message into v. schema points to the field of v that holds the schema.
func decodeMessage(data []byte, limit int, v any, schema *int) *InvalidError {
	if err := checkSize(data, limit); err != nil {
		return err
	}
	if err := unmarshal(data, v); err != nil {
		return err
	}
	if *schema != Schema {
		remedy := "this release reads schema " + strconv.Itoa(Schema)
		return fieldError("schema", strconv.Itoa(*schema), remedy)
	}
	return nil
}

func checkSize(data []byte, limit int) *InvalidError {
	if len(data) == 0 {
		return &InvalidError{Reason: meter.ReasonEmpty, Index: WholeMessage, Field: "message"}
	}
	if len(data) > limit {
		return &InvalidError{
			Reason: meter.ReasonTooLarge, Index: WholeMessage, Field: "message",
			Value: strconv.Itoa(len(data)), Remedy: "at most " + strconv.Itoa(limit) + " bytes",
		}
	}
	return nil
}

func unmarshal(data []byte, v any) *InvalidError {
	err := json.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	if typed := new(json.UnmarshalTypeError); errors.As(err, &typed) {
		return fieldError(typed.Field, typed.Value, "another JSON type is wanted")
	}
	return fieldError("message", string(data), err.Error())
}

func fieldError(field, value, remedy string) *InvalidError {
	return &InvalidError{
		Reason: meter.ReasonUnparsable, Index: WholeMessage, Field: field,
		Value: shown([]byte(value)), Remedy: remedy,
	}
}
