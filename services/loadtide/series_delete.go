package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

type seriesDeleteCmd struct {
	Series string            `arg:"" help:"<site>.<meter>"`
	Yes    bool              `help:"Delete without asking; a deleted series does not come back."`
	NATS   service.NATSFlags `embed:""`
	Influx influx.Config     `embed:"" prefix:"influx-" envprefix:"LOADTIDE_INFLUX_"`
}

// Validate refuses a name that no series can have.
func (c *seriesDeleteCmd) Validate() error { return validSeries(c.Series) }

// Run deletes all that is kept of a series, and says what that was.
func (c *seriesDeleteCmd) Run(e *env) error {
	if !c.Yes {
		return usageError(
			fmt.Sprintf(
				"deleting %s takes away its state, readings, forecasts, scores, rejections and settings for "+
					"good",
				c.Series,
			),
			"loadtide series delete "+c.Series+" --yes",
		)
	}
	return withOwners(c.NATS.URL, "series", func(ctx context.Context, o *owners) error {
		partition := o.of(c.Series)
		seq, err := o.order(
			ctx, partition, streams.ControlDelete,
			(&streams.DeleteControl{Series: c.Series}).AppendJSON(nil),
		)
		if err != nil {
			return err
		}
		// A replay that began before the record would miss the readings, so the checkpoint comes
		// before the deletion of the readings.
		done, err := o.awaitCheckpoint(ctx, partition, seq)
		if err != nil {
			return err
		}
		// Settings go first: the owner writes their end into the log.
		if err := o.removeSettings(ctx, c.Series); err != nil {
			return err
		}
		counts, err := o.erase(ctx, c.Series, partition, seq)
		if err != nil {
			return err
		}
		points := "no InfluxDB is named: points that a recorder wrote there stay (--influx-url)"
		if c.Influx.URL != "" {
			if err := c.deletePoints(ctx); err != nil {
				return fmt.Errorf("%s is deleted, its points in InfluxDB are not: %w", c.Series, err)
			}
			points = "its points in InfluxDB are deleted"
		}
		fmt.Fprintf(
			e.stdout,
			"deleted %s: %d messages with readings, %d forecasts, %d rejections, %d scores, %d imported "+
				"states; %s\n",
			c.Series, counts.readings, counts.forecasts, counts.rejected, counts.scores, counts.states,
			points,
		)
		if !done {
			fmt.Fprintln(
				e.stderr, "warn: no forecaster has written a checkpoint without it yet; one does when it runs",
			)
		}
		return nil
	})
}

// removeSettings removes what is set for a series, if anything is.
func (o *owners) removeSettings(ctx context.Context, series string) error {
	bucket, err := o.OpenBucket(ctx, topology.Settings)
	if err != nil {
		return err
	}
	settings, _, err := settingsOf(ctx, bucket, series)
	if err == nil && settings != (streams.Settings{}) {
		err = bucket.Remove(ctx, streams.SettingsKey(series))
	}
	return err
}

// erased counts what a deletion took out of the streams.
type erased struct {
	readings, forecasts, rejected, scores uint64
	states                                int
}

// erase takes out of the streams what was there before the record at seq.
func (o *owners) erase(
	ctx context.Context, series string, partition int, seq uint64,
) (n erased, err error) {
	id, _ := meter.ParseID(series)
	log := topology.Log(partition)
	subjects := []string{streams.ReadingSubject(partition, id)}
	if o.partitions == 1 {
		subjects = append(subjects, streams.PublicReadingSubject(id))
	}
	for _, subject := range subjects {
		purged, err := o.Purge(ctx, log, subject, seq)
		if n.readings += purged; err != nil {
			return n, err
		}
	}
	if n.forecasts, err = o.Purge(
		ctx, topology.Forecasts, streams.ForecastSubject(id), 0,
	); err != nil {
		return n, err
	}
	if n.rejected, err = o.Purge(ctx, topology.Rejected, streams.RejectedSubject(id), 0); err != nil {
		return n, err
	}
	if n.scores, err = o.Purge(ctx, topology.Scores, streams.ScoreSubject(id), 0); err != nil {
		return n, err
	}
	for from := uint64(1); from < seq; {
		m, ok, err := o.NextBySubject(
			ctx, log, streams.ControlSubject(partition, streams.ControlState), from,
		)
		if err != nil || !ok || m.Seq >= seq {
			return n, err
		}
		if record, err := streams.DecodeStateControl(m.Data); err == nil && record.Series == series {
			if err := o.Erase(ctx, log, m.Seq); err != nil {
				return n, err
			}
			n.states++
		}
		from = m.Seq + 1
	}
	return n, nil
}

// deletePoints takes the series' points out of the bucket, and the daily sums out of the one beside
// it, if there is one.
func (c *seriesDeleteCmd) deletePoints(ctx context.Context) error {
	id, _ := meter.ParseID(c.Series)
	tags := recorder.Tags(id)
	if err := deleteTagged(ctx, c.Influx, tags, recorder.Measurements()...); err != nil {
		return err
	}
	daily := c.Influx
	daily.Bucket += recorder.DailySuffix
	err := deleteTagged(ctx, daily, tags, recorder.MeasurementScore)
	var fault *influx.Error
	if errors.As(err, &fault) && fault.Status == http.StatusNotFound {
		return nil // sums are not kept there
	}
	return err
}

func deleteTagged(
	ctx context.Context, cfg influx.Config, tags []influx.Tag, measurements ...string,
) error {
	w, err := influx.New(cfg)
	if err != nil {
		return err
	}
	defer w.Close()
	for _, m := range measurements {
		if err := w.Delete(ctx, m, tags); err != nil {
			return err
		}
	}
	return nil
}
