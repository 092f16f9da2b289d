package base

import (
	"slices"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/model"
)

// Each base model can serve, forecasts at least a day, and reads no further back than two weeks and no
// day of the year.
func TestModels(t *testing.T) {
	t.Parallel()
	all, err := Models()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 || all[len(all)-1].Spec.Step() != time.Hour {
		t.Fatalf("%d models, none of an hour", len(all))
	}
	for _, m := range all {
		if err := m.SelfTest(); err != nil {
			t.Errorf("%s: %v", m.Spec.Name, err)
		}
		if m.Version != Version || time.Duration(m.Spec.Horizon)*m.Spec.Step() < 24*time.Hour ||
			!slices.Equal(m.Spec.Levels, model.DefaultLevels()) || m.Spec.Zone != "" {
			t.Errorf("%s: version %s, spec %+v", m.Spec.Name, m.Version, m.Spec)
		}
		for _, name := range []string{"year_sin", "year_cos"} {
			if slices.Contains(m.Spec.Inputs, name) {
				t.Errorf("%s reads %s", m.Spec.Name, name)
			}
		}
		of, ok, err := Of(m.Spec.Step())
		a, found, artifactErr := Artifact(m.Spec.Step())
		if of != m || !ok || err != nil || !found || artifactErr != nil || a.Spec.Name != m.Spec.Name {
			t.Errorf("%s: %v %v %v, %v %v", m.Spec.Name, of, ok, err, found, artifactErr)
		}
	}
	if _, ok, err := Of(5 * time.Minute); ok || err != nil {
		t.Errorf("a base model of 5 minutes: %v, %v", ok, err)
	}
}
