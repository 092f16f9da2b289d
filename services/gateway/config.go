package gateway

import (
	"fmt"
	"net"
)

// Config configures the gateway. Its field is a flag, embedded without a prefix.
type Config struct {
	Listen string `name:"http-listen" env:"LOADTIDE_HTTP_LISTEN" default:"127.0.0.1:8080" help:"Address of the page and the API."`
}

// Validate returns the fault of the flag, with the value and the remedy.
func (c Config) Validate() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("http-listen: %q is no address; give host:port, e.g. 127.0.0.1:8080", c.Listen)
	}
	return nil
}
