package servertest

import (
	"os"
	"sync"
	"testing"
)

// Local is a server on a port of this machine, in a folder of its own that goes with it. Its zero
// value has not begun.
type Local struct {
	URL string // http://<address>

	dir     string
	process Process
}

// Start runs the command that how gives for a folder and an address; of p it takes Name, Env and
// Limit, and Ready as a path.
func (l *Local) Start(
	p Process, how func(dir, address string) (command string, args []string),
) error {
	var err error
	if l.dir, err = os.MkdirTemp("", "loadtide-test-*"); err != nil {
		return err
	}
	address, err := FreeAddress()
	if err != nil {
		return err
	}
	l.URL = "http://" + address
	l.process = Process{Name: p.Name, Env: p.Env, Limit: p.Limit, Dir: l.dir, Ready: l.URL + p.Ready}
	command, args := how(l.dir, address)
	return l.process.Start(command, args...)
}

// Stop kills the server and removes its folder; one that has not begun is left alone.
func (l *Local) Stop() {
	l.process.Stop()
	if l.dir != "" {
		_ = os.RemoveAll(l.dir)
	}
}

// Shared is a server that all tests of a binary share: the first one that asks starts it, TestMain
// stops it.
type Shared struct {
	Local
	once sync.Once
	why  error // why there is none
}

// Get is the address of the server; a test that cannot have it fails.
func (s *Shared) Get(t testing.TB, start func(*Local) error) string {
	t.Helper()
	s.once.Do(func() { s.why = start(&s.Local) })
	if s.why != nil {
		t.Fatal(s.why)
	}
	return s.URL
}
