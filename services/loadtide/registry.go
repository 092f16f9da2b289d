package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/plot"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// Kinds of registries.
const (
	registryLocal  = "local"
	registryMLflow = "mlflow"
)

// registryFlags say where models are kept. Every command that reads or writes models has these
// flags.
type registryFlags struct {
	Registry string        `enum:"local,mlflow," default:"" env:"LOADTIDE_REGISTRY" placeholder:"local|mlflow" help:"Where models are kept: local, a folder in the data dir, or mlflow; default: local, and mlflow when --mlflow-url is given."`
	MLflow   mlflow.Config `embed:"" prefix:"mlflow-" envprefix:"LOADTIDE_MLFLOW_"`
}

func registryDir(dataDir string) string { return filepath.Join(dataDir, "registry") }

// fetchedDir is the folder of versions that were fetched from MLflow, so that a restart does not
// need MLflow.
func fetchedDir(dataDir string) string { return filepath.Join(dataDir, "models") }

// kind returns the kind of registry: local or mlflow.
func (f registryFlags) kind() (string, error) {
	switch {
	case f.Registry == registryLocal && f.MLflow.URL != "":
		return "", usageError("--registry local has no use for --mlflow-url",
			"leave one of them out")
	case f.Registry == "" && f.MLflow.URL != "":
		return registryMLflow, nil
	case f.Registry == "":
		return registryLocal, nil
	}
	return f.Registry, nil
}

// client returns a client of MLflow, nil for a local registry.
func (f registryFlags) client() (*mlflow.Client, error) {
	kind, err := f.kind()
	if err != nil || kind == registryLocal {
		return nil, err
	}
	cfg := f.MLflow.WithEnvironment(os.Getenv)
	if cfg.URL == "" {
		return nil, usageError("--registry mlflow needs an address",
			"give --mlflow-url http://127.0.0.1:5000, or MLFLOW_TRACKING_URI")
	}
	client, err := mlflow.New(cfg)
	if err != nil {
		return nil, service.WithExitCode(err, service.ExitUsage)
	}
	return client, nil
}

// open returns the registry of a data dir.
func (f registryFlags) open(dataDir string) (registry.Registry, error) {
	client, err := f.client()
	if err != nil {
		return nil, err
	}
	if client == nil {
		return registry.NewLocal(registryDir(dataDir))
	}
	before, err := registry.NewLocal(registryDir(dataDir)) // it is empty when there was none
	if err != nil {
		return nil, err
	}
	return registry.NewMLflow(client, fetchedDir(dataDir), before), nil
}

// runLogger returns the logger of training runs, nil for a local registry. It calls warn when it
// falls behind.
func (f registryFlags) runLogger(warn func(error)) (*cycle.RunLogger, error) {
	client, err := f.client()
	if err != nil || client == nil {
		return nil, err
	}
	charts := func(ctx context.Context, e cycle.Evaluation) (plot.Report, error) {
		m := &measured{
			model: e.Model, histories: e.Histories, config: e.Config, report: e.Report,
			baselines: e.Baselines,
		}
		return m.sheet(ctx)
	}
	return &cycle.RunLogger{Client: client, Now: time.Now, Charts: charts, Warn: warn}, nil
}

// place returns where the registry is, for messages.
func (f registryFlags) place(dataDir string) string {
	if kind, err := f.kind(); err == nil && kind == registryMLflow {
		return "MLflow at " + f.MLflow.WithEnvironment(os.Getenv).URL
	}
	return dataDir
}

// arguments returns the arguments that give a child process the same registry. Secrets are not
// among them.
func (f registryFlags) arguments() []string {
	kind, err := f.kind()
	if err != nil || kind == registryLocal {
		return nil
	}
	cfg := f.MLflow.WithEnvironment(os.Getenv)
	args := []string{
		"--registry", registryMLflow, "--mlflow-url", cfg.URL, "--mlflow-experiment",
		cfg.Experiment,
		"--mlflow-timeout", cfg.Timeout.String(), "--mlflow-retries", fmt.Sprint(cfg.Retries),
	}
	if cfg.CAFile != "" {
		args = append(args, "--mlflow-ca-file", cfg.CAFile)
	}
	return args
}

// secrets returns the variables with the secrets for a child process.
func (f registryFlags) secrets() []string {
	cfg := f.MLflow.WithEnvironment(os.Getenv)
	var env []string
	for _, v := range []struct{ name, value string }{
		{"LOADTIDE_MLFLOW_TOKEN", cfg.Token.Reveal()}, {"LOADTIDE_MLFLOW_USERNAME", cfg.Username},
		{"LOADTIDE_MLFLOW_PASSWORD", cfg.Password.Reveal()},
	} {
		if v.value != "" {
			env = append(env, v.name+"="+v.value)
		}
	}
	return env
}
