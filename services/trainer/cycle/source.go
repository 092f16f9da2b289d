package cycle

import (
	"context"
	"fmt"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/tabular"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// Source is where history comes from.
type Source interface {
	// Load adds all readings it has to b.
	Load(ctx context.Context, b *dataset.Builder) error
}

// Files reads history from CSV files.
type Files struct {
	Paths   []string
	Options tabular.Options      // how they are to be read; their unit is that of every series
	Report  func(tabular.Report) // called once with what was read and refused, may be nil
}

// Load adds the files' readings.
func (f Files) Load(_ context.Context, b *dataset.Builder) error {
	table, report, err := tabular.Load(f.Paths, f.Options)
	if err != nil {
		return err
	}
	kind, err := meter.ParseKind(f.Options.Kind)
	if err != nil {
		return err
	}
	b.Kind(kind)
	for row := range table.All() {
		name := table.Name(row)
		b.Add(meter.ID{Site: name.Site, Meter: name.Meter}, table.Unit, row.Unix, row.Value)
	}
	if n := b.DropLone(); n > 0 {
		report.Warnings = append(report.Warnings, fmt.Sprintf("%s: %d readings far ahead of all others of their series were left out", report.File, n))
	}
	if f.Report != nil {
		f.Report(report)
	}
	return b.Coarse()
}

// Covariates reads values known ahead from files: each series in them is one, by
// site and name.
func (f Files) Covariates() (*dataset.Covariates, error) {
	table, report, err := tabular.Load(f.Paths, f.Options)
	if err != nil {
		return nil, err
	}
	if f.Report != nil {
		f.Report(report)
	}
	b := dataset.NewBuilder()
	for row := range table.All() {
		name := table.Name(row)
		b.Add(meter.ID{Site: name.Site, Meter: name.Meter}, "", row.Unix, row.Value)
	}
	c, err := b.Covariates()
	if err != nil {
		return nil, err
	}
	if n := len(c.Names()); n > model.MaxCovariates {
		return nil, fmt.Errorf("%s: %d covariates: a model reads %d at most; leave out those that say least", report.File, n, model.MaxCovariates)
	}
	return c, nil
}

// Logs reads history from the partitions' logs.
type Logs struct {
	Conn *bus.Conn
}

// logBatch is how many messages are read at once.
const logBatch = 1024

// Load adds the readings that stand in the logs now. Those that the forecaster
// would refuse by their form are left out.
func (l Logs) Load(ctx context.Context, b *dataset.Builder) error {
	partitions, err := topology.Partitions(ctx, l.Conn.JetStream())
	if err != nil {
		return err
	}
	for p := range partitions {
		if err := l.load(ctx, b, topology.Log(p)); err != nil {
			return fmt.Errorf("read history from %s: %w", topology.Log(p), err)
		}
	}
	return nil
}

func (l Logs) load(ctx context.Context, b *dataset.Builder, stream string) error {
	state, err := l.Conn.StreamState(ctx, stream)
	if err != nil || state.Messages == 0 {
		return err
	}
	log, err := l.Conn.OpenLog(ctx, bus.LogConfig{Stream: stream, From: state.FirstSeq, Buffer: 4 * logBatch})
	if err != nil {
		return err
	}
	defer log.Close()
	var batch []bus.Message
	for {
		if batch, err = log.Next(ctx, batch[:0], logBatch); err != nil {
			return err
		}
		for i := range batch {
			addMessage(b, &batch[i])
			if batch[i].Pending == 0 || batch[i].Seq >= state.LastSeq { // what stood at the end may have been erased
				return nil
			}
		}
	}
}

func addMessage(b *dataset.Builder, m *bus.Message) {
	input, err := streams.ParseInput(m.Subject)
	if err != nil || input.Control != "" {
		return
	}
	readings, _ := streams.DecodeReadings(m.Data)
	for _, r := range readings {
		kind, unknown := meter.ParseKind(r.Kind)
		if q, err := meter.ParseQuality(r.Quality); err == nil && unknown == nil && q.Accepted() && r.Time.Sub(m.Time) <= meter.FutureLimit {
			b.AddOf(kind, meter.ID{Site: input.Site, Meter: input.Meter}, r.Unit, r.Time.Unix(), r.Value)
		}
	}
}
