// Command compose-check loads a Compose file with the reference loader and holds it against the
// rules of this repository: it loads with the example environment and with nothing else, images are
// pinned, ports are published on this machine alone, and every service has a health check.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: compose-check COMPOSE-FILE ENV-FILE")
		os.Exit(2)
	}
	services, err := run(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "error: "+err.Error())
		os.Exit(1)
	}
	fmt.Printf("compose-check: %s is valid, %d services\n", os.Args[1], services)
}

func run(file, env string) (int, error) {
	project, err := load(file, env)
	if err != nil {
		return 0, fmt.Errorf("%s with %s: %w", file, env, err)
	}
	var faults []error
	if _, err := load(file); err == nil {
		faults = append(
			faults, fmt.Errorf("%s loads without any environment: a secret in it has a default", file),
		)
	}
	for name, service := range project.Services {
		for _, fault := range judge(service) {
			faults = append(faults, fmt.Errorf("%s: service %s: %s", file, name, fault))
		}
	}
	return len(project.Services), errors.Join(faults...)
}

func load(file string, envFiles ...string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{file},
		cli.WithWorkingDirectory(filepath.Dir(file)),
		cli.WithEnvFiles(envFiles...),
		func(o *cli.ProjectOptions) error {
			if len(envFiles) == 0 {
				return nil // without this line a developer's own .env would be read
			}
			return cli.WithDotEnv(o)
		},
		cli.WithProfiles([]string{"*"}),
	)
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

func judge(service types.ServiceConfig) []string {
	var faults []string
	if service.Build == nil {
		_, tag, ok := strings.Cut(filepath.Base(service.Image), ":")
		if !ok || tag == "latest" {
			faults = append(faults, fmt.Sprintf("image %q is not pinned", service.Image))
		}
	}
	if service.HealthCheck == nil {
		faults = append(faults, "no health check")
	}
	for _, port := range service.Ports {
		if port.HostIP != "127.0.0.1" {
			faults = append(
				faults, fmt.Sprintf("port %s is published on every address of the host", port.Published),
			)
		}
	}
	return faults
}
