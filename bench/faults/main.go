package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// goal is how much worse the pinball loss may be.
const goal = 1.05

// sets in the order in which they are measured, the quick ones first.
var sets = []string{"liander", "vic", "sgsc", "etth1", "citylearn", "pjm", "edrp"}

// protocol is one entry of protocol.json beside the data.
type protocol struct {
	TestFrom    time.Time `json:"test_from"`
	Last        time.Time `json:"last"`
	OriginEvery int       `json:"origin_every"`
	Horizon     int       `json:"horizon"`
	Signed      bool      `json:"signed"`
}

// settings are the flags.
type settings struct {
	binary, data, faults, only, kinds, models string
	seed                                      uint64
	series                                    int
	thorough, faulty, mix                     bool

	chosen []kind
	out    io.Writer
}

func main() {
	var s settings
	flag.StringVar(&s.binary, "loadtide", "bin/loadtide", "program to measure")
	flag.StringVar(&s.data, "data", "../shared/data/hourly", "folder with protocol.json and the sets")
	flag.StringVar(
		&s.faults, "faults", "lost=2%,late=1%,spikes=0.5%,frozen=1d/TEST",
		"what goes wrong; TEST is the length of the test, so that a day of it is frozen in every series",
	)
	flag.StringVar(&s.only, "only", "", "sets to measure, parted by commas; all when empty")
	flag.StringVar(
		&s.kinds, "kinds", "", "kinds of the second table, parted by commas; all when empty, or none",
	)
	flag.StringVar(
		&s.models, "models", "", "folder of models: those in it are taken, others trained and kept there",
	)
	flag.IntVar(&s.series, "series", 60, "most series of a set, spread over it")
	flag.BoolVar(&s.mix, "mix", true, "measure the first table, several faults at once")
	flag.Uint64Var(&s.seed, "seed", 1, "seed of the faults")
	flag.BoolVar(&s.thorough, "thorough", false, "train without --quick")
	flag.BoolVar(&s.faulty, "faulty", true, "train on the faulty readings too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s.out = os.Stdout
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func (s *settings) run(ctx context.Context) error {
	raw, err := os.ReadFile(filepath.Join(s.data, "protocol.json"))
	if err != nil {
		return fmt.Errorf("the data sets are not here: %w", err)
	}
	var protocols map[string]protocol
	if err := json.Unmarshal(raw, &protocols); err != nil {
		return fmt.Errorf("protocol.json: %w", err)
	}
	chosen := sets
	if s.only != "" {
		chosen = strings.Split(s.only, ",")
	}
	if s.chosen, err = kindsOf(s.kinds); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "loadtide-faults-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	s.headers()
	for _, name := range chosen {
		p, ok := protocols[name]
		if !ok {
			return fmt.Errorf("no set %q in protocol.json; known are %s", name, strings.Join(sets, ", "))
		}
		if err := s.measure(ctx, filepath.Join(scratch, name), name, p); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// headers prints the headers of the two tables; their lines begin with 1 and 2.
func (s *settings) headers() {
	if s.mix {
		fmt.Fprintf(s.out, "1 %-10s  %8s  %8s  %6s  %16s  %6s  %s\n", "set", "clean", "faulty",
			"ratio", "trained on them", "ratio", "goal")
	}
	if len(s.chosen) > 0 {
		fmt.Fprintf(s.out, "2 %-10s  %-12s  %6s  %8s  %8s  %6s  %s\n", "set", "kind", "series",
			"clean", "faulty", "ratio", "goal")
	}
}

// measure prints the lines of one set.
func (s *settings) measure(ctx context.Context, dir, name string, p protocol) error {
	file := dir + ".csv"
	rows := selection{series: s.series, until: p.Last.Add(time.Hour)}
	if _, err := rows.write(filepath.Join(s.data, name+".csv.gz"), file); err != nil {
		return err
	}
	model, err := s.modelOf(ctx, file, name, p)
	if err != nil {
		return err
	}
	if s.mix {
		if err := s.measureMix(ctx, file, dir, model, name, p); err != nil {
			return err
		}
	}
	for _, k := range s.chosen {
		if k.register && p.Signed {
			continue // a register counts what is drawn
		}
		if err := s.measureKind(ctx, k, dir, model, name, p); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
	}
	return nil
}

// measureMix prints the line of the first table: a model that was trained on clean readings, and one
// that was trained on the faulty ones.
func (s *settings) measureMix(
	ctx context.Context, file, dir, model, name string, p protocol,
) error {
	faulty := dir + "-mix.csv"
	days := int(p.Last.Sub(p.TestFrom).Hours()/24) + 1
	faults := strings.ReplaceAll(s.faults, "TEST", fmt.Sprintf("%dd", days))
	if err := s.spoil(ctx, file, faulty, faults); err != nil {
		return err
	}
	clean, worse, err := s.score(ctx, faulty, model, p)
	if err != nil {
		return err
	}
	trained, ratio := "-", "-"
	last := worse
	if s.faulty {
		if err := s.train(ctx, faulty, dir+"-faulty", p); err != nil {
			return err
		}
		if _, last, err = s.score(ctx, faulty, dir+"-faulty", p); err != nil {
			return err
		}
		trained, ratio = fmt.Sprintf("%.4f", last), fmt.Sprintf("%.3f", last/clean)
	}
	fmt.Fprintf(s.out, "1 %-10s  %8.4f  %8.4f  %6.3f  %16s  %6s  %s\n", name, clean, worse,
		worse/clean, trained, ratio, verdict(max(worse, last)/clean))
	return nil
}

// measureKind prints the line of one kind of faults of the second table.
func (s *settings) measureKind(
	ctx context.Context, k kind, dir, model, name string, p protocol,
) error {
	file, faulty := dir+"-"+k.name+".csv", dir+"-"+k.name+"-faulty.csv"
	rows := selection{series: s.series, register: k.register}
	rows.from, rows.until = k.span(p.TestFrom)
	n, err := rows.write(filepath.Join(s.data, name+".csv.gz"), file)
	if err != nil {
		return err
	}
	args := kindFlags(k)
	if err := s.spoil(ctx, file, faulty, k.faults, args...); err != nil {
		return err
	}
	if !k.young {
		if err := heal(faulty, rows.from.Add(daysHealed*day)); err != nil {
			return err
		}
	}
	p.OriginEvery = min(p.OriginEvery, mostApart)
	clean, worse, err := s.score(ctx, faulty, model, p, args...)
	if err != nil {
		return err
	}
	goal := "-"
	if !k.reference {
		goal = verdict(worse / clean)
	}
	fmt.Fprintf(s.out, "2 %-10s  %-12s  %6d  %8.4f  %8.4f  %6.3f  %s\n", name, k.name, n, clean,
		worse, worse/clean, goal)
	return nil
}

// verdict says whether a ratio meets the goal.
func verdict(ratio float64) string {
	if ratio > goal {
		return fmt.Sprintf("missed, at most %g", goal)
	}
	return "met"
}

// spoil writes a file whose readings go wrong.
func (s *settings) spoil(ctx context.Context, file, faulty, faults string, args ...string) error {
	_, err := s.command(ctx, append([]string{
		"simulate", "--from", file, "--faults", faults, "--seed", fmt.Sprint(s.seed), "--out", faulty,
	}, args...)...)
	return err
}

// modelOf returns the folder of the model of a set, which it trains unless an earlier run kept it.
func (s *settings) modelOf(ctx context.Context, file, name string, p protocol) (string, error) {
	if s.models == "" {
		dir := file + "-model"
		return dir, s.train(ctx, file, dir, p)
	}
	dir := filepath.Join(s.models, name)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return dir, err
	}
	return dir, s.train(ctx, file, dir, p)
}

// train trains a model on a file.
func (s *settings) train(ctx context.Context, file, dir string, p protocol) error {
	args := []string{
		"train", "--start", "scratch", "--data", file, "--valid-until", p.TestFrom.Format(time.RFC3339),
		"--out", dir, "--json",
	}
	if !s.thorough {
		args = append(args, "--quick")
	}
	_, err := s.command(ctx, args...)
	return err
}

// score returns the pinball loss of a model on the true values and on those that came.
func (s *settings) score(
	ctx context.Context, faulty, dir string, p protocol, args ...string,
) (clean, worse float64, err error) {
	printed, err := s.command(ctx, append([]string{
		"backtest", "--data", faulty, "--truth-column", "truth", "--model", dir,
		"--test-from", p.TestFrom.Format(time.RFC3339), "--origin-every", fmt.Sprint(p.OriginEvery),
		"--horizon", fmt.Sprint(p.Horizon), "--json",
	}, args...)...)
	if err != nil {
		return 0, 0, err
	}
	type measures struct {
		Pinball float64 `json:"pinball"`
	}
	var report struct {
		Overall measures `json:"overall"`
		Faults  struct {
			Clean measures `json:"clean"`
		} `json:"faults"`
	}
	if err := json.Unmarshal(printed, &report); err != nil {
		return 0, 0, fmt.Errorf("answer of backtest: %w", err)
	}
	if report.Faults.Clean.Pinball <= 0 {
		return 0, 0, errors.New("answer of backtest: no pinball loss on clean values")
	}
	return report.Faults.Clean.Pinball, report.Overall.Pinball, nil
}

// command runs the program and returns its output. When the program fails, the error has what the
// program wrote to standard error.
func (s *settings) command(ctx context.Context, args ...string) ([]byte, error) {
	printed, err := exec.CommandContext(ctx, s.binary, args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("%s %s: exit code %d: %s", s.binary, args[0], exit.ExitCode(), exit.Stderr)
	}
	return printed, err
}
