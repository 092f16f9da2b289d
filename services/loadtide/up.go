package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/forecaster"
	"github.com/loadtide/loadtide/services/gateway"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/services/simulator"
	"github.com/loadtide/loadtide/services/trainer"
	"github.com/loadtide/loadtide/streams/topology"
)

// upCmd runs every role in one process.
type upCmd struct {
	Demo       bool              `env:"LOADTIDE_DEMO" help:"Bring simulated meters on a clock of their own: 120 days at once, 30 days at an hour every 2 s, then real time."`
	NATSListen string            `name:"nats-listen" env:"LOADTIDE_NATS_LISTEN" default:"127.0.0.1:4222" help:"Address of the embedded NATS server."`
	Forecaster forecaster.Config `embed:""`
	Partitions partitionFlags    `embed:""`
	Schedule   string            `name:"train-schedule" env:"LOADTIDE_TRAIN_SCHEDULE" default:"${schedule}" placeholder:"CRON|off" help:"When to train, as cron in the machine's time zone; default: ${schedule}; off turns off the first training too."`
	Target     targetFlags       `embed:""`
	Dir        service.DataFlags `embed:""`
	Kept       registryFlags     `embed:""`
	HTTP       gateway.Config    `embed:""`
	Record     recorder.Config   `embed:""`
	Simulate   simulator.Config  `embed:"" prefix:"simulate-" envprefix:"LOADTIDE_SIMULATE_"`
}

// Validate checks the flags before anything is made.
func (c *upCmd) Validate() error {
	faults := []error{trainer.ValidSchedule(c.Schedule), c.Simulate.Check("simulate-")}
	if c.Schedule != trainer.ScheduleOff {
		faults = append(faults, c.Target.serves(registry.ModelNames()))
	}
	return errors.Join(faults...)
}

// Run wires the roles:
//
//	embedded NATS <- simulator (with --demo)
//	      |
//	  forecaster -> FORECASTS -> gateway, recorder (with --influx-url)
//	      |
//	  training child -> registry -> forecaster
func (c *upCmd) Run(e *env) error {
	show := newScreen(e.stderr)
	u := &up{cmd: c, show: show}
	var logs io.Writer = show
	if e.log.Format == "json" {
		show.w, logs, u.logs = io.Discard, e.stderr, true
	}
	if e.log.Format == "auto" {
		e.log.Format = "console" // the screen is for people; programs ask for json
		if e.log.Level == "info" {
			e.log.Level = "warn" // the lines of the screen say what info would
		}
	}
	p, err := newProcess(e, logs)
	if err != nil {
		return err
	}
	u.process = p
	drain, cut, release := service.Signals(context.Background(), u.draining, u.cutShort)
	defer release()
	err = u.run(drain, cut)
	if cut.Err() != nil {
		return service.ErrInterrupted
	}
	if err == nil {
		show.line("drained: all forecasts acknowledged, checkpoint written (%.1f s)",
			time.Since(u.stopping).Seconds())
	}
	return busError(err)
}

// up is one run of the command.
type up struct {
	*process
	cmd        *upCmd
	show       *screen
	logs       bool // lines are logged as JSON: nobody looks at the screen
	nats       *bus.Embedded
	forecaster *forecaster.Service
	stopping   time.Time
}

func (u *up) draining() {
	u.stopping = time.Now()
	series := 0
	if u.forecaster != nil {
		series = u.forecaster.Status().Series
	}
	u.show.line("draining: %d series", series)
}

func (u *up) cutShort() {
	u.show.line("stopping now, up to 30 s of input will be replayed at the next start")
}

// run starts the NATS server and the connection, then the roles.
func (u *up) run(ctx, cut context.Context) error {
	dir := u.cmd.Dir.Dir
	lock, err := service.LockDir(dir)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Release() }() // the system ends the lock with the process
	u.show.line("loadtide %s%s  %s, data in %s", version, commitNote(), u.kind(), dir)
	if u.nats, err = bus.StartEmbedded(bus.EmbeddedConfig{
		Listen: u.cmd.NATSListen, StoreDir: filepath.Join(dir, "nats"),
		Partitions: u.cmd.Partitions.Number, Log: u.component("nats"),
	}); err != nil {
		return u.natsError(ctx, err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainUp)
		defer cancel()
		if err := u.nats.Shutdown(ctx); err != nil {
			u.log.Warn().AnErr(service.FieldError, err).Msg("NATS did not end in time")
		}
	}()
	u.show.ok("nats", "%s   JetStream, %d partitions", u.nats.URL(), u.nats.Partitions())
	conn, err := bus.Connect(ctx, bus.Config{Name: "loadtide-up", InProcess: u.nats},
		u.component("bus"))
	if err != nil {
		return err
	}
	defer conn.Close()
	return u.group(ctx, cut, conn)
}

// natsError adds the remedy to an error of the NATS server. For a port in use it names a free one.
func (u *up) natsError(ctx context.Context, err error) error {
	var listen *bus.ListenError
	if errors.As(err, &listen) {
		l, why := service.Listen(ctx, listen.Address, "NATS", "--nats-listen")
		if why != nil {
			return why
		}
		_ = l.Close() // the other program has released the port since
	}
	return err
}

func (u *up) kind() string {
	if u.cmd.Demo {
		return "demo"
	}
	return "up"
}

// group adds the roles in the order in which they start.
func (u *up) group(ctx, cut context.Context, conn *bus.Conn) error {
	dir := u.cmd.Dir.Dir
	cfg := u.cmd.Forecaster
	cfg.Streams = topology.DefaultConfig()
	cfg.Streams.Partitions, cfg.Streams.StoreBytes = u.nats.Partitions(), u.nats.StoreBytes()
	cfg.Streams.Log = u.component("topology")
	models, err := u.cmd.Kept.open(dir)
	if err != nil {
		return err
	}
	f, err := u.process.forecaster(conn, dir, models, cfg)
	if err != nil {
		return err
	}
	u.forecaster = f
	http, err := newGateway(u.process, conn, u.cmd.HTTP, models, true)
	if err != nil {
		return err
	}
	g := service.NewGroup(u.component("run"), drainUp)
	g.Add("forecaster", f)
	g.Add("gateway", service.Funcs{StartFunc: func(ctx context.Context) error {
		if err := http.Start(ctx); err != nil {
			return err
		}
		u.show.ok("api", "http://%s   series, forecasts, /openapi.json, /metrics", http.Addr())
		return nil
	}, RunFunc: http.Run, StopFunc: http.Stop})
	if u.cmd.Record.Enabled() {
		r, err := u.recorder(conn, u.cmd.Record)
		if err != nil {
			return err
		}
		g.Add("recorder", r)
	}
	if u.cmd.Demo {
		if err := u.addSimulator(g, conn); err != nil {
			return err
		}
	}
	arrived := newArrivals(f.Status)
	t, err := u.trainer(conn, models, arrived)
	if err != nil {
		return err
	}
	g.Add("arrivals", service.Funcs{RunFunc: arrived.watch})
	g.Add("training", t)
	g.Add("screen", service.Funcs{RunFunc: u.watch})
	return g.Run(ctx, cut)
}

func (u *up) addSimulator(g *service.Group, conn *bus.Conn) error {
	to := &lateReadings{conn: conn}
	s, err := simulator.New(u.cmd.Simulate, simulator.Deps{
		Publisher: to, Dir: u.cmd.Dir.Dir, Now: time.Now, Log: u.log, Metrics: u.process.registry,
		Progress: u.simulated(),
	})
	if err != nil {
		return err
	}
	g.Add("simulator", s)
	return nil
}

// simulated returns a function that shows the first progress of the simulator: its history is
// published, or it goes on from an earlier run.
func (u *up) simulated() func(simulator.Progress) {
	told := false
	return func(p simulator.Progress) {
		if told || p.Phase == simulator.PhaseHistory {
			return
		}
		told = true
		if p.Resumed {
			u.show.ok("simulator", "%d meters, going on at %s", p.Meters,
				p.Until.Format(time.RFC3339))
			return
		}
		speed := time.Hour.Seconds() / u.cmd.Simulate.Step.Seconds()
		u.show.ok("simulator", "%d meters on %d sites, %s, %d days of history; replay %.0fx",
			p.Meters, u.cmd.Simulate.Sites, u.cmd.Simulate.IntervalWord(),
			u.cmd.Simulate.HistoryDays, speed)
	}
}

// leaseUp is how long the lease on a training outlives a killed `up`. Only the next start of `up`
// waits for it.
const leaseUp = 3 * time.Second

// watchUp is the pause between two looks at what a training of `up` waits for.
const watchUp = 500 * time.Millisecond

// trainer builds the trainer, which runs cycles as child processes. The first cycle of an interval
// is quick and starts when there is enough history of it; a thorough one follows it, except in the
// demo.
func (u *up) trainer(
	conn *bus.Conn, models registry.Registry, arrived *arrivals,
) (*trainer.Service, error) {
	cfg := trainer.DefaultConfig()
	cfg.Schedule, cfg.QuickFirst, cfg.Follow = u.cmd.Schedule, true, !u.cmd.Demo
	cfg.LeaseTTL, cfg.Watch = leaseUp, watchUp
	t := &training{
		dataDir: u.cmd.Dir.Dir, natsURL: u.nats.URL(), kept: u.cmd.Kept, show: u.show,
		target: u.cmd.Target,
		log:    u.component("training"),
	}
	return trainer.New(cfg, trainer.Deps{
		Conn: conn, Registry: models, Run: t.run, Enough: arrived.enough,
		Metrics: u.process.registry, Log: u.log,
	})
}

// watch shows the restored state, the first forecast, and the moment when the network serves all
// series. On a terminal it also shows a line with rates.
func (u *up) watch(ctx context.Context) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	var first, warm, restored bool
	var serving servingLine
	var before forecaster.Status
	var refusals refusalLines
	shown := time.Now()
	for {
		s := u.forecaster.Status()
		if !restored && s.Ready {
			restored = true
			if s.Restored > 0 {
				u.show.ok("restored", "%d series, model %s, %d readings behind", s.Series,
					orNone(s.Model), s.Behind)
			}
		}
		if models, ok := serving.changed(s); ok {
			u.show.ok("serving", "%s", orNone(models))
		}
		if !first && s.First != "" {
			first = true
			note := ""
			if s.Model == "" && strings.HasSuffix(s.First, string(meter.SourceLSTM)) {
				note = " (base model)"
			}
			u.show.ok("forecast", "first forecast out: %s%s", s.First, note)
		}
		if !warm && s.FirstLSTM != "" && s.Warm > 0 && s.Warm == s.Series {
			warm = true
			u.show.ok("forecast", "%d of %d series by source lstm", s.Warm, s.Series)
			u.hints()
		}
		u.tell(refusals.due(time.Now(), s.Refusals))
		if past := time.Since(shown); past >= time.Second {
			perSecond := func(now, then uint64) float64 { return float64(now-then) / past.Seconds() }
			u.show.live("%.0f readings/s  %.0f forecasts/s  behind %d  rejected %d",
				perSecond(s.Readings, before.Readings), perSecond(s.Forecasts,
					before.Forecasts), s.Behind, s.Rejected)
			before, shown = s, time.Now()
		}
		select {
		case <-ctx.Done():
			u.tell(refusals.due(time.Now(), u.forecaster.Status().Refusals))
			return nil
		case <-tick.C:
		}
	}
}

// servingLine finds the changes of the models that serve.
type servingLine struct {
	known  bool // the models at the start are known, which the line "restored" names
	models string
}

// changed returns the models that serve, and true when they are others than before.
func (l *servingLine) changed(s forecaster.Status) (models string, changed bool) {
	if !s.Ready {
		return "", false
	}
	changed = l.known && s.Model != l.models
	l.known, l.models = true, s.Model
	return s.Model, changed
}

func (u *up) hints() {
	series := "north.m17"
	if u.cmd.Demo {
		series = "home.m01"
	}
	u.show.line("  look    http://%s/v1/series/%s/forecast", u.cmd.HTTP.Listen,
		strings.Replace(series, ".", "/", 1))
	u.show.line("  follow  ./bin/loadtide tail %s --nats-url %s", series, u.nats.URL())
	u.show.line("  yours   ./bin/loadtide publish meters.csv --nats-url %s", u.nats.URL())
	u.show.line("  stop    Ctrl-C; state is kept for the next start")
}

func orNone(model string) string {
	if model == "" {
		return "base, no champion yet"
	}
	return fmt.Sprintf("%s (champion)", model)
}
