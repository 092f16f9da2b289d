package servertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// Process is a server under test. Its zero value has not begun.
type Process struct {
	Name  string        // for errors
	Dir   string        // its working folder, which Stop leaves alone
	Env   []string      // beside that of the test
	Ready string        // the URL that answers 200 once it serves
	Limit time.Duration // how long that may take

	cmd   *exec.Cmd
	alive io.Closer // closing it ends the server
	said  *tail
}

// Start runs a command until Stop, or until the test binary ends in any way, and returns once it
// serves.
func (p *Process) Start(command string, args ...string) error {
	if runtime.GOOS == "windows" {
		return errors.New("servers of tests are ended by a Unix shell: there is none here")
	}
	// The shell leads a process group; reading ends when the pipe closes, and the whole group with it.
	// ended by Stop
	p.cmd = exec.Command("sh", append([]string{"-c", `"$@" </dev/null & read -r _; kill -KILL 0`, "sh", command}, args...)...) //nolint:noctx
	p.cmd.Env, p.cmd.Dir = append(os.Environ(), p.Env...), p.Dir
	ownGroup(p.cmd)
	p.said = &tail{}
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	var err error
	if p.alive, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	for deadline := time.Now().Add(p.Limit); !healthy(p.Ready); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.Stop()
			return fmt.Errorf("%s did not answer within %v; it said: %s", p.Name, p.Limit, p.said)
		}
	}
	return nil
}

// Stop kills the server; one that has not begun is left alone.
func (p *Process) Stop() {
	if p.cmd == nil || p.cmd.Process == nil {
		return
	}
	_ = p.alive.Close()
	_ = p.cmd.Wait() // it was killed, which is no news
	p.cmd = nil
}

func healthy(url string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

// ModuleRoot is the folder above that has go.mod.
func ModuleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod above: run the tests in a clone of the repository")
		}
		dir = up
	}
}

// tail keeps the end of what the server says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 8000
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.text))
}
