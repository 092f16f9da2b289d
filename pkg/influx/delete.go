package influx

import (
	"context"
	"fmt"
	"time"
)

// Delete takes all points of a measurement that carry the tags out of the bucket. The error is an *Error.
func (w *Writer) Delete(ctx context.Context, measurement string, tags []Tag) error {
	predicate := fmt.Sprintf("_measurement=%q", measurement)
	for _, t := range tags {
		if !plain(t.Value) {
			return &Error{Kind: KindRefused, Message: fmt.Sprintf("tag %s=%q is not one that was written", t.Key, t.Value)}
		}
		predicate += fmt.Sprintf(" AND %s=%q", t.Key, t.Value)
	}
	// All of the time that InfluxDB knows.
	from, to := time.Unix(0, -1<<63).UTC().Add(time.Hour), time.Unix(0, 1<<63-1).UTC().Add(-time.Hour)
	if err := w.client.DeleteAPI().DeleteWithName(ctx, w.cfg.Org, w.cfg.Bucket, from, to, predicate); err != nil {
		return w.classify(err)
	}
	return nil
}
