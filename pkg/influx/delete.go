package influx

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Delete deletes all points of a measurement that have the tags. The error is an *Error.
func (w *Writer) Delete(ctx context.Context, measurement string, tags []Tag) error {
	predicate := fmt.Sprintf("_measurement=%q", measurement)
	for _, t := range tags {
		if !plain(t.Value) {
			return &Error{
				Kind:    KindRefused,
				Message: fmt.Sprintf("tag %s=%q is not one that was written", t.Key, t.Value),
			}
		}
		predicate += fmt.Sprintf(" AND %s=%q", t.Key, t.Value)
	}
	// The whole range of times of InfluxDB.
	from := time.Unix(0, -1<<63).UTC().Add(time.Hour)
	to := time.Unix(0, 1<<63-1).UTC().Add(-time.Hour)
	body, err := json.Marshal(map[string]any{"start": from, "stop": to, "predicate": predicate})
	if err != nil {
		return &Error{Kind: KindRefused, Message: err.Error(), Err: err}
	}
	// The client's own call loses the status of the answer.
	server := w.client.HTTPService()
	target := server.ServerAPIURL() + "delete?" +
		url.Values{"org": {w.cfg.Org}, "bucket": {w.cfg.Bucket}}.Encode()
	answer := server.DoPostRequest(ctx, target, bytes.NewReader(body),
		func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, nil)
	if answer != nil {
		return w.cfg.classify(answer, false)
	}
	return nil
}
