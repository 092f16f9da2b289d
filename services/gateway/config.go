package gateway

import (
	"errors"
	"fmt"
	"net"
)

// Config places the gateway.
type Config struct {
	Listen string `name:"http-listen" env:"LOADTIDE_HTTP_LISTEN" default:"127.0.0.1:8080" help:"Address of the page and the API."`
}

// Validate returns all faults, joined, each with its field, value and remedy.
func (c Config) Validate() error {
	var faults []error
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		faults = append(faults, fmt.Errorf("http-listen: %q is no address; give host:port, e.g. 127.0.0.1:8080", c.Listen))
	}
	return errors.Join(faults...)
}
