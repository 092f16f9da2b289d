package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams/topology"
)

// Set by the linker.
var (
	version = "0.1.0"
	commit  = ""
)

// cli is the table of commands. Flags of all commands come first.
type cli struct {
	Config string           `name:"config" env:"LOADTIDE_CONFIG" placeholder:"FILE" help:"YAML file: shared flags at the top, a section per command."`
	Log    service.LogFlags `embed:""`

	Up         upCmd         `cmd:"" group:"start" help:"Everything in one process, with an embedded NATS server and a local model registry."`
	Inspect    inspectCmd    `cmd:"" group:"try" help:"What a file of readings is taken for. Changes nothing; exit code 3 when it cannot be used."`
	Publish    publishCmd    `cmd:"" group:"try" help:"Readings from files onto NATS, in the order of time."`
	Tail       tailCmd       `cmd:"" group:"try" help:"Forecasts, or events, as they come."`
	Train      trainCmd      `cmd:"" group:"try" help:"One training cycle: history, fit, judge, register."`
	Backtest   backtestCmd   `cmd:"" group:"try" help:"A model on files by rolling origin, beside simple rules."`
	Forecast   forecastCmd   `cmd:"" group:"try" help:"One forecast from files."`
	Simulate   simulateCmd   `cmd:"" group:"try" help:"Synthetic meters, onto NATS or into a CSV file."`
	Forecaster forecasterCmd `cmd:"" group:"run" help:"The forecaster alone, against a NATS server."`
	Trainer    trainerCmd    `cmd:"" group:"run" help:"Training alone: by the clock, on request, on drift, against a NATS server."`
	Recorder   recorderCmd   `cmd:"" group:"run" help:"Forecasts into InfluxDB, off the main path."`
	Gateway    gatewayCmd    `cmd:"" group:"run" help:"The HTTP API alone, against a NATS server."`
	Models     modelsCmd     `cmd:"" group:"look after" help:"Versions of the registry: list, show, promote, roll back."`
	Series     seriesCmd     `cmd:"" group:"look after" help:"Series: list, show, set, unset, mark, unmark, marks, delete."`
	State      stateCmd      `cmd:"" group:"look after" help:"States of series: export, import, inspect."`
	Health     healthCmd     `cmd:"" group:"look after" help:"Ask /readyz or /healthz of a role; exit code 0 when it is 200."`
	Version    versionCmd    `cmd:"" group:"look after" help:"Version and commit."`
}

// env is what a command reads and writes. Tests replace it.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	log            service.LogFlags
}

func main() {
	os.Exit(run(os.Args[1:], &env{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}))
}

// run parses args, runs the command, and returns the exit code.
func run(args []string, e *env) int {
	if len(args) == 0 {
		fmt.Fprint(e.stdout, overview)
		return service.ExitOK
	}
	var c cli
	code := -1
	options := append(kongOptions(e), kong.Exit(func(n int) { code = n }))
	var file *configFile
	if path := configPath(args, os.Getenv); path != "" {
		var err error
		if file, err = readConfig(path); err != nil {
			return usage(e, err)
		}
		options = append(options, kong.Resolvers(file))
	}
	parser, err := kong.New(&c, options...)
	if err != nil {
		service.PrintError(e.stderr, err)
		return service.ExitFailed
	}
	if file != nil {
		if err := file.check(parser.Model); err != nil {
			return usage(e, err)
		}
	}
	if args[0] == "help" {
		args = append(args[1:], "--help")
	}
	ctx, err := parser.Parse(args)
	if code >= 0 { // --help
		return code
	}
	if err != nil {
		return usage(e, err)
	}
	if err := nn.CheckKernel(); err != nil {
		return usage(e, err)
	}
	e.log = c.Log
	err = ctx.Run(e)
	if slices.Contains(args, "--json") { // a program that reads JSON also reads errors as JSON
		service.PrintErrorJSON(e.stderr, err)
	} else {
		service.PrintError(e.stderr, err)
	}
	return service.ExitCode(err)
}

func kongOptions(e *env) []kong.Option {
	return []kong.Option{
		kong.Name("loadtide"),
		kong.Description("Streaming energy forecasts: meter readings in on NATS JetStream, " +
			"quantile forecasts out."),
		kong.Writers(e.stdout, e.stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 110}),
		kong.NamedMapper("files", kong.MapperFunc(fileList)),
		kong.TypeMapper(reflect.TypeFor[time.Time](), kong.MapperFunc(timeFlag)),
		defaults(),
		kong.ShortUsageOnError(),
		kong.DefaultEnvars("LOADTIDE"), // every flag is also a variable
	}
}

// defaults returns the defaults of flags that are defined by other packages, because programs use
// them too. The tags of the flags have all other defaults.
func defaults() kong.Vars {
	when, fit := trainer.DefaultConfig(), cycle.DefaultConfig()
	return kong.Vars{
		"from": fromFiles, "model": registry.DefaultModel,
		"partitions":  strconv.Itoa(topology.DefaultConfig().Partitions),
		"schedule":    when.Schedule,
		"drift_pause": strings.TrimSuffix(when.DriftPause.String(), "0m0s"),
		"hidden":      strconv.Itoa(fit.Hidden), "iterations": strconv.Itoa(fit.Iterations),
		"workers": strconv.Itoa(fit.Workers), "seed": strconv.FormatUint(fit.Seed, 10),
		"start": fit.Start, "levels": levelsText(fit.Levels),
	}
}

// usage prints an error of usage with the next step. Faults of the configuration file get a line
// each.
func usage(e *env, err error) int {
	fix := "loadtide --help lists commands, loadtide help COMMAND its flags"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
		fix = fmt.Sprintf("loadtide help %s lists its flags",
			strings.TrimPrefix(parse.Context.Selected().Path(), "loadtide "))
	}
	faults := []error{err}
	var joined interface {
		error
		Unwrap() []error
	}
	if errors.As(err, &joined) {
		faults = joined.Unwrap()
	}
	last := len(faults) - 1
	remedies := []string{fix}
	var hint *service.HintError
	if errors.As(faults[last], &hint) && len(hint.Fix) > 0 {
		remedies = hint.Fix
	}
	service.PrintError(e.stderr, errors.Join(faults[:last]...))
	service.PrintError(e.stderr, &service.HintError{
		What: withoutEmpty(strings.TrimSuffix(faults[last].Error(), "?")), Fix: remedies, Reason: "usage",
	})
	return service.ExitUsage
}

// withoutEmpty returns the text of an error without the empty word, which the lists of words of some
// flags hold to say that the flag is not given.
func withoutEmpty(text string) string {
	return strings.NewReplacer(`"",`, "", `,"" but`, " but").Replace(text)
}

const overview = `loadtide: readings of energy meters in, quantile forecasts of the next day, or week, out.

start       up          everything in one process; up --demo adds simulated meters
try         inspect     what a file of readings is taken for
            publish     readings from files onto NATS
            tail        forecasts, or events, as they are published
            train       one training cycle
            backtest    scores of a model and of simple rules, on files
            forecast    one forecast from files
            simulate    synthetic meters, onto NATS or into a CSV file
run         forecaster  one role, against a NATS server
            trainer     trains models: on a schedule, on request, on drift
            recorder    readings, forecasts and scores into InfluxDB
            gateway     the HTTP API
look after  models      list, show, register, promote, rollback
            series      list, show, set, unset, delete
            state       export, import, inspect
            health      ask /readyz of a role, for containers without a shell
            version     version and commit

  loadtide up --demo                     forecasts of simulated meters in 10 seconds, an LSTM's in a minute
  loadtide inspect meters.csv            your own readings: what the file is taken for
  loadtide publish meters.csv            and onto NATS
  loadtide tail home.m01                 the forecasts of one series

loadtide help COMMAND shows its flags; README.md and docs/ are the manual.
`
