package streams

import (
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestPatterns(t *testing.T) {
	t.Parallel()
	for pattern, ok := range map[string]bool{
		"north.m17": true, "north.*": true, "*.*": true, "*.m17": false, "north": false, "north.": false,
		"*": false, "no*.m": false,
		"north.m*": false, "north.m.17": false, "": false, "=.=": false, "north.=": false,
	} {
		if _, got := meter.ParsePattern(pattern); got != ok {
			t.Errorf("%q: %v", pattern, got)
		}
		if !ok {
			continue
		}
		if back, ok := SettingsPattern(SettingsKey(pattern)); !ok || back != pattern {
			t.Errorf("%q came back as %q, %v", pattern, back, ok)
		}
		if strings.Contains(SettingsKey(pattern), "*") {
			t.Errorf("%q is no key", SettingsKey(pattern))
		}
	}
	if _, ok := SettingsPattern("north.*"); ok {
		t.Error("a key with a star was taken")
	}
}

func TestSettingsAreRefusedByName(t *testing.T) {
	t.Parallel()
	for data, says := range map[string]string{
		`{"interval":"45m"}`:                "interval",
		`{"interval":"2h"}`:                 "interval",
		`{"interval":"soon"}`:               "interval",
		`{"interval":900}`:                  "settings",
		`{"static_features":{"floors":2}}`:  "static_features",
		`{"colour":"red"}`:                  "colour",
		`{"kind":"spin"}`:                   "kind",
		`{"unit":"kilowatthours a day"}`:    "unit",
		`{"unit":"k h"}`:                    "unit",
		`{"unit":5}`:                        "settings",
		`{"limit":"-"}`:                     "limit",
		`{"limit":"40,5kW"}`:                "limit",
		`{"limit":"40 kilowatts and more"}`: "limit",
		`{"limit":"4kilowatthours_a_day"}`:  "limit",
		`{"limit":"0"}`:                     "limit",
		`{"limit":"-0.0"}`:                  "limit",
		`{"limit":40}`:                      "settings",
		`{"limit_chance":0}`:                "limit_chance",
		`{"limit_chance":1}`:                "limit_chance",
		`{"limit_chance":-0.2}`:             "limit_chance",
		`{"limit_chance":"0.2"}`:            "settings",
		`[]`:                                "settings",
		`null`:                              "settings",
		``:                                  "settings",
		`{"unit":"kWh"} {}`:                 "settings",
	} {
		if _, err := DecodeSettings([]byte(data)); err == nil ||
			!strings.HasPrefix(err.Error(), says+" ") {
			t.Errorf("%s: %v", data, err)
		}
	}
	if s, err := DecodeSettings([]byte(`{}`)); err != nil || s != (Settings{}) {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestSharesAddUp(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]int{{1, 8}, {8, 8}, {13, 8}, {5, 1}, {2_000_000, 64}, {7, 1024}} {
		sum, least, most := 0, c[0], 0
		for p := range c[1] {
			share := ShareOf(c[0], p, c[1])
			sum, least, most = sum+share, min(least, share), max(most, share)
		}
		if sum != c[0] || most-least > 1 {
			t.Errorf("%d over %d: sum %d, %d to %d", c[0], c[1], sum, least, most)
		}
	}
}

func TestDamagedStateIsRefused(t *testing.T) {
	t.Parallel()
	good := example(t, "control_state.json")
	if _, err := DecodeStateControl(good); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string][2]string{
		"series": {
			`"series":"north.m17"`, `"series":"north.m18"`,
		}, "model": {
			`"model":"sha256:2f`, `"model":"sha256:3f`,
		}, "version": {`"version":2`, `"version":3`},
		"data": {`dGhl`, `dGhm`}, "scale": {`asinh`, `plain`}, "name": {
			`"name":"series"`, `"name":"serieS"`,
		}, "unknown scale": {`asinh`, `round`},
	} {
		bad := strings.Replace(string(good), change[0], change[1], 1)
		if _, err := DecodeStateControl([]byte(bad)); err == nil || bad == string(good) {
			t.Errorf("%s: %v", what, err)
		}
	}
	big := StateControl{
		Series: "a.b", Scale: "plain",
		Sections: []meter.Section{{Name: "x", Data: make([]byte, MaxState+1)}},
	}
	if _, err := DecodeStateControl(big.AppendJSON(nil)); err == nil ||
		!strings.Contains(err.Error(), "sections") {
		t.Errorf("%v", err)
	}
	big.Sections[0].Data = big.Sections[0].Data[1:]
	if _, err := DecodeStateControl(big.AppendJSON(nil)); err != nil {
		t.Error(err)
	}
}
