package mlflow

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/loadtide/loadtide/pkg/secret"
)

// Config says where the server is. Its fields are flags, embedded with the prefix "mlflow-" and the
// prefix of variables "LOADTIDE_MLFLOW_".
type Config struct {
	URL        string        `name:"url" env:"URL" help:"MLflow server, e.g. http://127.0.0.1:5000."`
	Experiment string        `name:"experiment" env:"EXPERIMENT" default:"loadtide" help:"Experiment in MLflow that training runs are logged to; made when it does not exist."`
	Token      secret.Text   `name:"token" env:"TOKEN" hidden:"" help:"Bearer token; give it by environment, a flag is seen by other users."`
	Username   string        `name:"username" env:"USERNAME" hidden:"" help:"User of basic authentication."`
	Password   secret.Text   `name:"password" env:"PASSWORD" hidden:"" help:"Password of basic authentication; give it by environment."`
	CAFile     string        `name:"ca-file" env:"CA_FILE" placeholder:"FILE" help:"PEM file of certificates that an https address of MLflow is trusted by, in addition to those of the system."`
	Timeout    time.Duration `name:"timeout" env:"TIMEOUT" default:"10s" help:"Longest time of one request to MLflow; files may take six times as long."`
	Retries    int           `name:"retries" env:"RETRIES" default:"3" help:"How often a request to MLflow that may be repeated is tried again."`
}

// WithEnvironment returns the configuration with its empty fields set from the variables that
// MLflow's own client reads: MLFLOW_TRACKING_TOKEN, MLFLOW_TRACKING_USERNAME,
// MLFLOW_TRACKING_PASSWORD, MLFLOW_TRACKING_SERVER_CERT_PATH and MLFLOW_TRACKING_URI.
func (c Config) WithEnvironment(getenv func(string) string) Config {
	c.URL = cmp.Or(c.URL, getenv("MLFLOW_TRACKING_URI"))
	c.CAFile = cmp.Or(c.CAFile, getenv("MLFLOW_TRACKING_SERVER_CERT_PATH"))
	if c.Token.IsZero() && c.Username == "" {
		c.Token = secret.New(getenv("MLFLOW_TRACKING_TOKEN"))
		if c.Token.IsZero() {
			c.Username = getenv("MLFLOW_TRACKING_USERNAME")
		}
	}
	if c.Username != "" {
		c.Password = cmp.Or(c.Password, secret.New(getenv("MLFLOW_TRACKING_PASSWORD")))
	}
	return c
}

// Validate returns all faults, joined, each with the flag, the value and the remedy. Without an
// address it checks nothing; New refuses that.
func (c Config) Validate() error {
	if c.URL == "" {
		return nil
	}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	// The message does not show a text that is no address: it may contain a password.
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		fault("mlflow-url: not an address; give http://host:5000 or https://host")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		fault("mlflow-url: user, query or fragment in the address of %s; give scheme, host and path "+
			"alone, and secrets by LOADTIDE_MLFLOW_TOKEN or LOADTIDE_MLFLOW_USERNAME and "+
			"LOADTIDE_MLFLOW_PASSWORD", u.Host)
	}
	if c.Experiment == "" || len(c.Experiment) > 500 {
		fault("mlflow-experiment: %.40q has %d bytes; give a name of 1 to 500",
			c.Experiment, len(c.Experiment))
	}
	if !c.Token.IsZero() && c.Username != "" {
		fault("mlflow-token: set together with mlflow-username; give one of them")
	}
	if c.Timeout < 100*time.Millisecond || c.Timeout > 5*time.Minute {
		fault("mlflow-timeout: %s is out of range; give 100ms to 5m", c.Timeout)
	}
	if c.Retries < 0 || c.Retries > 10 {
		fault("mlflow-retries: %d is out of range; give 0 to 10", c.Retries)
	}
	return errors.Join(faults...)
}

// roots returns the certificates to trust; nil means those of the system.
func (c Config) roots() (*x509.CertPool, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("mlflow-ca-file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("mlflow-ca-file: %s holds no certificate in PEM; give the file of "+
			"the authority that signed the server's", c.CAFile)
	}
	return pool, nil
}
