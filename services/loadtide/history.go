package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/tabular"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// The values of --from.
const (
	fromFiles  = "files"
	fromLogs   = "logs"
	fromInflux = "influx"
)

// historyFlags say where a training reads its history. Each command sets the variable from to its
// default.
type historyFlags struct {
	From   string        `enum:"files,logs,influx" default:"${from}" help:"Where history comes from: files, logs (the partitions' streams) or influx."`
	Data   []string      `type:"files" placeholder:"FILE..." help:"Files of readings: delimited text, Green Button, JSON, line protocol, Parquet; see docs/files.md."`
	CSV    csvFlags      `embed:""`
	Marks  marksFlag     `embed:""`
	Influx influx.Config `embed:"" prefix:"influx-" envprefix:"LOADTIDE_INFLUX_"`
	Back   time.Duration `name:"history" default:"19200h" help:"How far back readings are taken from InfluxDB."`
}

// Validate checks the range of --history, and that --marks goes with the source.
func (f *historyFlags) Validate() error {
	if f.Marks.Marks != "" && f.From != fromFiles {
		return fmt.Errorf("--marks %s goes with --from files: the logs and InfluxDB have the marks of "+
			"loadtide series mark", f.Marks.Marks)
	}
	if f.Back < 24*time.Hour || f.Back > 20*365*24*time.Hour {
		return fmt.Errorf("--history %s is outside 24h to 175200h", f.Back)
	}
	return nil
}

// open opens the source. done closes the source; the error of done says that rejected rows could not
// be written. Only logs need conn. report gets the report of each file, and show the rows of a file of
// marks that are none.
func (f *historyFlags) open(
	conn *bus.Conn, report func(tabular.Report), show func(format string, args ...any),
) (source cycle.Source, done func() error, err error) {
	switch f.From {
	case fromLogs:
		return cycle.Logs{Conn: conn}, func() error { return nil }, nil
	case fromInflux:
		if f.Influx.URL == "" {
			return nil, nil, usageError("there is no InfluxDB to read from",
				"give --influx-url, and the token by LOADTIDE_INFLUX_TOKEN")
		}
		r, err := influx.NewReader(f.Influx)
		if err != nil {
			return nil, nil, err
		}
		source := cycle.Influx{Reader: r, Back: f.Back, Until: time.Now}
		return source, func() error { r.Close(); return nil }, nil
	}
	if len(f.Data) == 0 {
		return nil, nil, usageError("no data to train on",
			"give --data FILE, a CSV with series,timestamp,value")
	}
	marks, err := f.Marks.load(show)
	if err != nil {
		return nil, nil, err
	}
	opts, closeRejects, err := f.CSV.open(f.Data)
	if err != nil {
		return nil, nil, err
	}
	files := dataset.Files{Paths: f.Data, Options: opts, Marks: marks, Report: report}
	return files, closeRejects, nil
}

// targetFlags say what is forecast.
type targetFlags struct {
	Horizon meter.Horizon `default:"24h" placeholder:"TIME|N" help:"How far ahead models forecast: a time such as 48h or 7d, or a number of leads; at most a week; default: 24h."`
	Levels  []float64     `default:"${levels}" placeholder:"LEVEL" help:"Quantile levels, ascending; at most 9, with 0.1, 0.5 and 0.9; default: ${levels}."`
}

// put sets the target of a cycle.
func (f *targetFlags) put(cfg *cycle.Config) { cfg.Horizon, cfg.Levels = f.Horizon, f.Levels }

// Validate checks the levels.
func (f *targetFlags) Validate() error {
	cfg := cycle.DefaultConfig()
	f.put(&cfg)
	return cfg.Validate()
}

// serves returns an error when the horizon is none of an interval that models of these names have, the
// last name first. A name that says no interval may be of any.
func (f *targetFlags) serves(models []string) error {
	for _, name := range slices.Backward(models) {
		interval, ok := registry.ModelInterval(name)
		if !ok {
			continue
		}
		if _, err := f.Horizon.LeadsAt(interval, 1); err != nil {
			return fmt.Errorf("--horizon of %s: %w", name, err)
		}
	}
	return nil
}

// arguments are the flags of a training with the same target.
func (f *targetFlags) arguments() []string {
	return []string{"--horizon", f.Horizon.String(), "--levels", levelsText(f.Levels)}
}

// levelsText writes levels as the flag --levels reads them.
func levelsText(levels []float64) string {
	texts := make([]string, len(levels))
	for i, level := range levels {
		texts[i] = strconv.FormatFloat(level, 'g', -1, 64)
	}
	return strings.Join(texts, ",")
}

// fitFlags say which network is fitted, and how.
type fitFlags struct {
	Target     targetFlags `embed:""`
	Hidden     int         `default:"${hidden}" help:"Units of the LSTM."`
	Iterations int         `default:"${iterations}" help:"Most iterations of one fit; the best iteration on the validation range counts."`
	Seed       uint64      `default:"${seed}" help:"The same seed gives the same model."`
	Workers    int         `default:"${workers}" help:"Goroutines that share an iteration."`
	Start      string      `enum:"auto,base,champion,scratch" default:"${start}" help:"What a fit starts from: base (the base model), champion (its weights), scratch (random weights), or auto: base and scratch are tried, and later time chooses."`
	Zone       string      `placeholder:"ZONE" help:"IANA zone whose hours and weekdays the calendar features follow; default: UTC."`
	Country    string      `placeholder:"CODE" help:"Country whose holidays are a feature, e.g. NL, US, AU-NSW."`
}

// config is the configuration of a cycle that registers under name; name is empty when it registers
// nothing.
func (f *fitFlags) config(name string) cycle.Config {
	cfg := cycle.DefaultConfig()
	cfg.Model, cfg.Start, cfg.Zone, cfg.Country = name, f.Start, f.Zone, f.Country
	f.Target.put(&cfg)
	cfg.Hidden, cfg.Iterations, cfg.Seed, cfg.Workers = f.Hidden, f.Iterations, f.Seed, f.Workers
	return cfg
}
