package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

// options are the flags of the program.
type options struct {
	python, peers, document, figures string
	quick                            bool
}

func main() {
	var o options
	worker := flag.Bool("worker", false, "be the side that runs Loadtide; the program starts itself so")
	flag.StringVar(&o.python, "python", "python3", "interpreter that has onnx, onnxruntime and torch")
	flag.StringVar(&o.peers, "peers", "bench/numerics/peers.py", "script that runs the other sides")
	flag.StringVar(&o.document, "document", "bench/RESULTS.md", "document whose section is written anew")
	flag.StringVar(&o.figures, "figures", "bench/results/numerics.json", "file that the figures are written to")
	flag.BoolVar(&o.quick, "quick", false, "few short rounds, to see that it works; prints the section and writes nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *worker {
		err = work(os.Stdin, os.Stdout)
	} else {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	began := time.Now()
	scratch, err := os.MkdirTemp("", "loadtide-numerics-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	all, err := startSides(ctx, o)
	defer func() { err = errors.Join(err, all.close()) }()
	if err != nil {
		return err
	}
	b := bench{sides: all, scratch: scratch, pace: thorough}
	if o.quick {
		b.pace = quick
	}
	r, err := b.measure()
	if err != nil {
		return err
	}
	r.Took = time.Since(began)
	if o.quick {
		_, err := io.WriteString(os.Stdout, r.section())
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.figures), 0o755); err != nil {
		return err
	}
	if err := r.writeFigures(o.figures); err != nil {
		return err
	}
	return r.writeSection(o.document)
}
