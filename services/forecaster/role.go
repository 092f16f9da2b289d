package forecaster

import (
	"time"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/registry"
)

// role is what a model does: it is the champion of an interval, or the base model. One model of a
// role is in force at a time.
type role struct {
	interval time.Duration // of the series that the model serves
	base     bool
}

func roleOf(m *model.Model) role { return role{m.Spec.Step(), m.Version == base.Version} }

// roleOfVersion returns the role of a version that a control record names.
func roleOfVersion(name, version string) role {
	interval, _ := registry.ModelInterval(name)
	return role{interval, version == base.Version}
}

// alias is the label of the role in metrics.
func (r role) alias() string {
	if r.base {
		return base.Version
	}
	return registry.Champion
}

// inForce returns the model in force in an engine, nil when there is none.
func (r role) inForce(e *engine.Engine) *model.Model {
	interval := int32(r.interval / time.Second)
	if r.base {
		return e.Base(interval)
	}
	return e.Model(interval)
}
