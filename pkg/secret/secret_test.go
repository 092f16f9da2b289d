package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"gopkg.in/yaml.v3"

	"github.com/loadtide/loadtide/pkg/secret"
)

const canary = "canary"

// The client is a type that keeps a configuration in a field.
type config struct {
	User  string
	Token secret.Text
}

type client struct{ cfg config }

func TestNoFormatShowsASecret(t *testing.T) {
	t.Parallel()
	text := secret.New(canary)
	cfg := config{"me", text}
	texts := map[string]string{}
	for _, verb := range []string{
		"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "% x", "%T %[1]v",
	} {
		texts[verb] = fmt.Sprintf(verb, text)
		texts["config "+verb] = fmt.Sprintf(verb, cfg)
		texts["pointer "+verb] = fmt.Sprintf(verb, &cfg)
		texts["client "+verb] = fmt.Sprintf(verb, client{cfg})
	}
	texts["error"] = fmt.Errorf("refused: %w %v", fmt.Errorf("%v", cfg), text).Error()
	for name, marshal := range map[string]func(any) ([]byte, error){
		"JSON": json.Marshal, "YAML": yaml.Marshal, "XML": xml.Marshal,
	} {
		out, err := marshal(cfg)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		texts[name] = string(out)
	}
	var log bytes.Buffer
	zero := zerolog.New(&log)
	zero.Info().Any("cfg", cfg).Stringer("token", text).Interface("token", text).Any("client", client{cfg}).Send()
	for _, handler := range []slog.Handler{
		slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil),
	} {
		slog.New(handler).Info("started", "cfg", cfg, "token", text, "client", client{cfg})
	}
	texts["log"] = log.String()
	for name, line := range texts {
		if strings.Contains(line, canary) ||
			strings.Contains(strings.ToLower(strings.ReplaceAll(line, " ", "")), "63616e617279") {
			t.Errorf("%s shows %q", name, line)
		}
		if !strings.Contains(line, "***") && !strings.HasPrefix(name, "client") {
			t.Errorf("%s does not say that there is a secret: %q", name, line)
		}
	}
}

func TestTextIsWhatWasSaid(t *testing.T) {
	t.Parallel()
	if got := secret.New(canary); got.Reveal() != canary || got.IsZero() {
		t.Errorf("%q, zero %v", got.Reveal(), got.IsZero())
	}
	var read secret.Text
	if err := json.Unmarshal([]byte(`"canary"`), &read); err != nil || read.Reveal() != canary {
		t.Errorf("%q, %v", read.Reveal(), err)
	}
	for name, empty := range map[string]secret.Text{"zero": {}, "empty": secret.New("")} {
		if !empty.IsZero() || empty.Reveal() != "" || fmt.Sprintf("%v%q", empty, empty) != "" {
			t.Errorf("%s: %q shows as %q", name, empty.Reveal(), fmt.Sprint(empty))
		}
	}
	if err := json.Unmarshal([]byte(`""`), &read); err != nil || !read.IsZero() {
		t.Errorf("%q, %v", read.Reveal(), err)
	}
}
