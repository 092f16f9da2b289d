package influx

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/loadtide/loadtide/pkg/secret"
)

// Config says where points go. As flags it is embedded with prefix "influx-" and env prefix "LOADTIDE_INFLUX_".
type Config struct {
	URL     string        `name:"url" env:"URL" help:"InfluxDB 2 server, e.g. http://127.0.0.1:8086; without it nothing is recorded, or read."`
	Org     string        `name:"org" env:"ORG" default:"loadtide" help:"Organisation in InfluxDB."`
	Bucket  string        `name:"bucket" env:"BUCKET" default:"loadtide" help:"Bucket in InfluxDB."`
	Token   secret.Text   `name:"token" env:"TOKEN" hidden:"" help:"Token of the bucket, to write for a recorder, to read for a training; give it by environment, a flag is seen by other users."`
	Timeout time.Duration `name:"timeout" env:"TIMEOUT" default:"10s" help:"Longest time of one write."`
}

// Validate returns all faults, joined, each with its field, value and remedy. Without an address there is nothing to write
// to and nothing to check: that is no fault here, but New refuses it.
func (c Config) Validate() error {
	if c.URL == "" {
		return nil
	}
	var faults []error
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		faults = append(faults, fmt.Errorf("influx-url: %q is no address; give http://host:8086 or https://host", c.URL))
	} else if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		faults = append(faults, fmt.Errorf("influx-url: user, query or fragment in the address of %s; give scheme, host and path alone", u.Host))
	}
	if c.Org == "" {
		faults = append(faults, errors.New(`influx-org: "" is no organisation; give its name`))
	}
	if c.Bucket == "" {
		faults = append(faults, errors.New(`influx-bucket: "" is no bucket; give its name`))
	}
	if c.Timeout < 100*time.Millisecond || c.Timeout > 5*time.Minute {
		faults = append(faults, fmt.Errorf("influx-timeout: %s is out of range; give 100ms to 5m", c.Timeout))
	}
	return errors.Join(faults...)
}
