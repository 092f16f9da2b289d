package endtoend

import (
	"strings"
	"testing"
)

// TestWrongMLflow is refused with a remedy, before anything is made.
func TestWrongMLflow(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for what, c := range map[string]struct {
		flags []string
		says  string
	}{
		"no address": {[]string{"--registry", "mlflow"}, "--mlflow-url"},
		"both":       {[]string{"--registry", "local", "--mlflow-url", "http://127.0.0.1:5000"}, "--registry local"},
		"a secret":   {[]string{"--mlflow-url", "http://me:s3cret@127.0.0.1:5000"}, "LOADTIDE_MLFLOW_PASSWORD"},
		"a word":     {[]string{"--mlflow-url", "mlflow"}, "mlflow-url"},
	} {
		said, code := p.run(patience, append([]string{"models", "list", "--data-dir", p.dir}, c.flags...)...)
		if code != 2 || !strings.Contains(said, c.says) || strings.Contains(said, "s3cret") {
			t.Errorf("%s: %d %s", what, code, said)
		}
	}
}
