package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
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
}

// settings are the flags.
type settings struct {
	binary, data, faults, only string
	seed                       uint64
	thorough, faulty           bool
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
	flag.Uint64Var(&s.seed, "seed", 1, "seed of the faults")
	flag.BoolVar(&s.thorough, "thorough", false, "train without --quick")
	flag.BoolVar(&s.faulty, "faulty", true, "train on the faulty readings too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
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
	scratch, err := os.MkdirTemp("", "loadtide-faults-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	fmt.Fprintf(
		os.Stdout, "%-10s  %8s  %8s  %6s  %16s  %6s  %s\n", "set", "clean", "faulty", "ratio",
		"trained on them", "ratio", "goal",
	)
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

// measure prints the line of one set.
func (s *settings) measure(ctx context.Context, dir, name string, p protocol) error {
	file, faulty := filepath.Join(s.data, name+".csv.gz"), dir+".csv.gz"
	days := int(p.Last.Sub(p.TestFrom).Hours()/24) + 1
	faults := strings.ReplaceAll(s.faults, "TEST", fmt.Sprintf("%dd", days))
	_, err := s.command(
		ctx, "simulate", "--from", file, "--faults", faults, "--seed", fmt.Sprint(s.seed),
		"--out", faulty,
	)
	if err != nil {
		return err
	}
	clean, worse, err := s.score(ctx, file, faulty, dir, p)
	if err != nil {
		return err
	}
	trained, ratio := "-", "-"
	last := worse
	if s.faulty {
		if _, last, err = s.score(ctx, faulty, faulty, dir+"-faulty", p); err != nil {
			return err
		}
		trained, ratio = fmt.Sprintf("%.4f", last), fmt.Sprintf("%.3f", last/clean)
	}
	verdict := "met"
	if worse/clean > goal || last/clean > goal {
		verdict = fmt.Sprintf("missed, at most %g", goal)
	}
	fmt.Fprintf(
		os.Stdout, "%-10s  %8.4f  %8.4f  %6.3f  %16s  %6s  %s\n", name, clean, worse, worse/clean,
		trained, ratio, verdict,
	)
	return nil
}

// score trains on one file and returns the pinball loss of the model on the clean values and on the
// faulty ones.
func (s *settings) score(
	ctx context.Context, train, faulty, dir string, p protocol,
) (clean, worse float64, err error) {
	from := p.TestFrom.Format(time.RFC3339)
	args := []string{"train", "--data", train, "--valid-until", from, "--out", dir, "--json"}
	if !s.thorough {
		args = append(args, "--quick")
	}
	if _, err := s.command(ctx, args...); err != nil {
		return 0, 0, err
	}
	printed, err := s.command(
		ctx, "backtest", "--data", faulty, "--truth-column", "truth", "--model", dir,
		"--test-from", from, "--origin-every", fmt.Sprint(p.OriginEvery),
		"--horizon", fmt.Sprint(p.Horizon), "--json",
	)
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
