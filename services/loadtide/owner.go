package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// owners asks the forecasters that own the partitions.
type owners struct {
	*bus.Conn
	partitions int
}

// withOwners connects, calls fn, and closes the connection.
func withOwners(natsURL, name string, fn func(ctx context.Context, o *owners) error) error {
	ctx, _, release := service.Signals(context.Background(), nil, nil)
	defer release()
	conn, err := bus.Connect(ctx, bus.Config{URL: natsURL, Name: "loadtide-" + name}, zerolog.Nop())
	if err != nil {
		return busError(err)
	}
	defer conn.Close()
	o := &owners{Conn: conn}
	if o.partitions, err = topology.Partitions(ctx, conn.JetStream()); err != nil {
		return err
	}
	err = fn(ctx, o)
	if ctx.Err() != nil {
		return service.ErrInterrupted
	}
	return busError(err)
}

func (o *owners) of(series string) int {
	id, _ := meter.ParseID(series)
	return streams.Partition(id, o.partitions)
}

// ask asks the owner of a partition.
func (o *owners) ask(
	ctx context.Context, partition int, kind string, q streams.SeriesQuery,
) (streams.SeriesPage, error) {
	answer, err := o.Request(ctx, streams.QuerySubject(partition, kind), q.AppendJSON(nil))
	if errors.Is(err, bus.ErrNoServer) {
		return streams.SeriesPage{}, &service.HintError{
			What: fmt.Sprintf("nobody owns partition %d: its state is with no running process",
				partition), Err: err, Reason: "no_owner",
			Fix: []string{"start `loadtide up` or `loadtide forecaster` on this NATS server, then run this again"},
		}
	}
	if err != nil {
		return streams.SeriesPage{}, err
	}
	page, err := streams.DecodeSeriesPage(answer.Data)
	if err == nil && page.Error != "" {
		err = fmt.Errorf("partition %d: %s", partition, page.Error)
	}
	return page, err
}

// all calls fn for every series, partition by partition.
func (o *owners) all(ctx context.Context, fn func(streams.SeriesSummary) error) error {
	for p := range o.partitions {
		for from := 0; ; {
			page, err := o.ask(ctx, p, streams.QuerySeries, streams.SeriesQuery{From: from})
			if err != nil {
				return err
			}
			for _, s := range page.Series {
				if err := fn(s); err != nil {
					return err
				}
			}
			if from = page.Next; from == 0 {
				break
			}
		}
	}
	return nil
}

// one returns a series and its state. The error is a *HintError when the series does not exist.
func (o *owners) one(
	ctx context.Context, series string,
) (streams.SeriesSummary, *streams.StateControl, error) {
	page, err := o.ask(ctx, o.of(series), streams.QueryState, streams.SeriesQuery{Series: series})
	if err == nil && (len(page.Series) == 0 || page.State == nil) {
		err = &service.HintError{
			What: fmt.Sprintf("series %q is not known", series), Reason: "series_not_found",
			Fix: []string{"loadtide series list shows those that are"},
		}
	}
	if err != nil {
		return streams.SeriesSummary{}, nil, err
	}
	return page.Series[0], page.State, nil
}

// order writes a control record into the log of a partition.
func (o *owners) order(
	ctx context.Context, partition int, kind string, data []byte,
) (seq uint64, err error) {
	return o.Publish(ctx, streams.ControlSubject(partition, kind), data, "")
}

// awaitOrder bounds the wait until a partition has carried out an order; pollOrder is the pause
// between two questions.
const awaitOrder, pollOrder = 15 * time.Second, 20 * time.Millisecond

// await waits until the state of a partition contains a message of its log. done is false when that
// takes too long, or no process owns the partition: the order is in the log, and the next owner
// carries it out.
func (o *owners) await(ctx context.Context, partition int, seq uint64) (done bool, err error) {
	return o.until(ctx, partition,
		func(page *streams.SeriesPage) bool { return page.Position >= seq })
}

// awaitCheckpoint waits until the checkpoint of a partition contains a message of its log, so that
// no replay needs the messages before it.
func (o *owners) awaitCheckpoint(
	ctx context.Context, partition int, seq uint64,
) (done bool, err error) {
	return o.until(ctx, partition,
		func(page *streams.SeriesPage) bool { return page.Checkpoint >= seq })
}

func (o *owners) until(
	ctx context.Context, partition int, reached func(*streams.SeriesPage) bool,
) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, awaitOrder)
	defer cancel()
	for {
		page, err := o.ask(ctx, partition, streams.QueryState, streams.PositionQuery())
		switch {
		case err == nil && reached(&page):
			return true, nil
		case errors.Is(err, bus.ErrNoServer) || ctx.Err() != nil:
			return false, nil
		case err != nil:
			return false, err
		}
		_ = retry.Sleep(ctx, pollOrder) // the next question sees the end of ctx
	}
}

func validSeries(series string) error {
	if _, ok := meter.ParseID(series); !ok {
		return usageError(fmt.Sprintf("series %q is not <site>.<meter>", series),
			siteHint(series, "name one as loadtide series list shows it, e.g. home.m01"))
	}
	return nil
}

// fileSite is the site of a series that a file names without one.
const fileSite = "default"

// siteHint returns the remedy for a name of a series that has no site, as files may have it, and
// otherwise for any other name.
func siteHint(series, otherwise string) string {
	id := meter.ID{Site: fileSite, Meter: meter.Token(series)}
	if strings.ContainsAny(series, ".*") || !id.Valid() {
		return otherwise
	}
	return fmt.Sprintf("say %s, if a file names the series without a site", id)
}
