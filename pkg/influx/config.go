package influx

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/loadtide/loadtide/pkg/secret"
)

// Config says where the server is. Its fields are flags, embedded with the prefix "influx-" and the
// prefix of variables "LOADTIDE_INFLUX_".
type Config struct {
	URL     string        `name:"url" env:"URL" help:"InfluxDB 2 server, e.g. http://127.0.0.1:8086; without it nothing is recorded, or read."`
	Org     string        `name:"org" env:"ORG" default:"loadtide" help:"Organisation in InfluxDB."`
	Bucket  string        `name:"bucket" env:"BUCKET" default:"loadtide" help:"Bucket in InfluxDB."`
	Token   secret.Text   `name:"token" env:"TOKEN" hidden:"" help:"Token of the bucket, to write for a recorder, to read for a training; give it by environment, a flag is seen by other users."`
	Timeout time.Duration `name:"timeout" env:"TIMEOUT" default:"10s" help:"Longest time of one write."`
}

// Validate returns all faults, joined, each with the flag, the value and the remedy. Without an
// address it checks nothing; New refuses that.
func (c Config) Validate() error {
	if c.URL == "" {
		return nil
	}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		fault("influx-url: %q is no address; give http://host:8086 or https://host", c.URL)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		fault("influx-url: user, query or fragment in the address of %s; "+
			"give scheme, host and path alone", u.Host)
	}
	if c.Org == "" {
		fault(`influx-org: "" is no organisation; give its name`)
	}
	if c.Bucket == "" {
		fault(`influx-bucket: "" is no bucket; give its name`)
	}
	if c.Timeout < 100*time.Millisecond || c.Timeout > 5*time.Minute {
		fault("influx-timeout: %s is out of range; give 100ms to 5m", c.Timeout)
	}
	return errors.Join(faults...)
}
