package service

import (
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"
)

// Names of the fields of a log line. Every line names a field by one of these constants; packages
// below this one write the same words. A word has one meaning and one type.
const (
	FieldComponent = "component" // the part of the program that writes the line; see Component
	FieldError     = "err"
	FieldReason    = "reason"      // why, as a word of a closed set, or as the text of a cause
	FieldText      = "text"        // a text made elsewhere: of a server, of an event
	FieldDuration  = "duration_ms" // milliseconds
	FieldCount     = "count"

	FieldSeries       = "series" // name
	FieldSeriesCount  = "series_count"
	FieldPartition    = "partition" // number
	FieldPartitions   = "partitions"
	FieldSubject      = "subject"
	FieldStream       = "stream"
	FieldStreamSeq    = "stream_seq"
	FieldExpectedSeq  = "expected_seq"
	FieldModel        = "model" // name
	FieldModelVersion = "model_version"

	FieldPart             = "part" // of a service.Group
	FieldAddress          = "address"
	FieldServes           = "serves" // what a listener serves, in words
	FieldFile             = "file"
	FieldConfigured       = "configured" // what was configured and does not apply
	FieldConfiguredBytes  = "configured_bytes"
	FieldBytes            = "bytes"
	FieldShare            = "share" // of what was configured
	FieldKernel           = "kernel"
	FieldCheckpointKernel = "checkpoint_kernel"

	FieldMeasurement = "measurement"
	FieldPointTime   = "point_time"
	FieldOldestKept  = "oldest_kept"

	FieldSeed    = "seed"
	FieldMeters  = "meters"
	FieldPhase   = "phase"
	FieldNext    = "next"  // the next hour of a simulation
	FieldUntil   = "until" // the end of an hour
	FieldResumed = "resumed"

	FieldCycle      = "cycle" // id of a training cycle
	FieldTrigger    = "trigger"
	FieldAttempt    = "attempt"
	FieldStart      = "start" // what a fit starts from
	FieldHours      = "hours"
	FieldIteration  = "iteration"
	FieldIterations = "iterations"
	FieldLoss       = "loss"
	FieldValid      = "valid" // loss on the validation range
	FieldChampion   = "champion"
	FieldWQL        = "wql"
	FieldNaiveWQL   = "seasonal_naive_wql"
)

// Log formats.
const (
	LogAuto    = "auto" // console on a terminal, else JSON
	LogConsole = "console"
	LogJSON    = "json"
)

// logTime is RFC 3339 in UTC with milliseconds.
const logTime = "2006-01-02T15:04:05.000Z"

// NewLogger returns the logger of a process. terminal says whether w is a terminal, colour whether
// lines may be coloured (see UseColour). An unknown format or level is an error that names the
// choices.
func NewLogger(flags LogFlags, w io.Writer, terminal, colour bool) (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(flags.Level)
	if err != nil || flags.Level == "" {
		return zerolog.Nop(), &HintError{
			What: fmt.Sprintf("--log-level %q is unknown", flags.Level),
			Fix:  []string{"choose one of debug, info, warn, error"}, Reason: "usage",
		}
	}
	console := flags.Format == LogConsole
	switch flags.Format {
	case LogConsole, LogJSON:
	case LogAuto, "":
		console = terminal
	default:
		return zerolog.Nop(), &HintError{
			What: fmt.Sprintf("--log-format %q is unknown", flags.Format),
			Fix:  []string{"choose one of auto, console, json"}, Reason: "usage",
		}
	}
	if console {
		w = zerolog.ConsoleWriter{
			Out: w, NoColor: !colour, TimeFormat: time.TimeOnly, TimeLocation: time.UTC,
		}
	}
	// zerolog's own time stamp depends on a package variable and on local time; a hook does not.
	stamp := zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
		e.Str(zerolog.TimestampFieldName, time.Now().UTC().Format(logTime))
	})
	return zerolog.New(w).Level(level).Hook(stamp), nil
}

// Component returns a logger whose lines name a part of the program. Each part makes its own logger
// from the one of the process: a logger that has a component already would write two.
func Component(log zerolog.Logger, name string) zerolog.Logger {
	return log.With().Str(FieldComponent, name).Logger()
}

// UseColour decides whether a stream is coloured. mode is auto, always or never. In auto the stream
// must be a terminal, NO_COLOR must be unset or empty, and TERM must not be dumb. getenv is
// os.Getenv.
func UseColour(mode string, terminal bool, getenv func(string) string) bool {
	switch mode {
	case "always":
		return true
	case "never":
		return false
	}
	return terminal && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}
