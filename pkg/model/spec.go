package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/nn"
)

// SpecSchema is the version of the spec that this program writes and reads.
const SpecSchema = 1

// The scales: centre and spread of a series, or centre and spread of asinh(y / unit), where unit is
// a fifth of the mean absolute value.
const (
	ScalePlain = "plain"
	ScaleAsinh = "asinh"
)

// Limits of a model. A folder beyond them is refused.
const (
	MaxHidden   = 512
	MaxWidth    = 512
	MaxHorizon  = 2016 // a week of 5 minutes
	MaxLevels   = 25
	MaxFeatures = 256 // of each list
	// MaxCovariates is the largest number of values known ahead.
	MaxCovariates = 32
)

// Spec describes a model completely, except for its weights.
type Spec struct {
	Schema int    `json:"schema"`
	Name   string `json:"name"`
	// Interval is the interval of the series, as in "1h".
	Interval string `json:"interval"`
	// Hidden is the number of LSTM units, Width the number of units in a layer of the head.
	Hidden int `json:"hidden"`
	Width  int `json:"width"`
	// Horizon is the longest lead, in intervals.
	Horizon int `json:"horizon"`
	// Levels are the quantile levels of each lead, ascending, 0.5 among them.
	Levels []float64 `json:"levels"`
	// Names of features, in the order of the rows of the weights: those of an LSTM step, of a lead,
	// and of the part of the head that all leads share.
	Inputs          []string `json:"inputs"`
	LeadFeatures    []string `json:"lead_features"`
	CurrentFeatures []string `json:"current_features"`
	// Scale names how readings are scaled before they become features.
	Scale string `json:"scale"`
	// Zone (IANA; "" means UTC) and Country ("" means no holidays) define the calendar of the
	// features.
	Zone    string `json:"zone,omitempty"`
	Country string `json:"country,omitempty"`
	// Covariates are the values known ahead that the model reads. It cannot forecast without them.
	Covariates []meter.Covariate `json:"covariates,omitempty"`

	// TrainedFrom and TrainedUntil bound the readings of the fit and of the choice of the model. A
	// score on these readings says nothing about its accuracy.
	TrainedFrom  time.Time `json:"trained_from"`
	TrainedUntil time.Time `json:"trained_until"`
	Seed         uint64    `json:"seed"`
	// Start is BaseVersion for a version whose weights are those of the base model.
	Start string `json:"start,omitempty"`
}

// CovariateNames returns the names of the values known ahead that the model needs.
func (s Spec) CovariateNames() []string {
	names := make([]string, len(s.Covariates))
	for i, c := range s.Covariates {
		names[i] = c.Name
	}
	return names
}

// DefaultLevels returns the quantile levels of the models that the trainer makes, and of forecasts
// without a model.
func DefaultLevels() []float64 { return []float64{0.1, 0.25, 0.5, 0.75, 0.9} }

// Shape returns the shape of the layers.
func (s Spec) Shape() nn.Shape {
	return nn.Shape{
		Inputs: len(s.Inputs), Hidden: s.Hidden, Width: s.Width, Current: len(s.CurrentFeatures),
		LeadFeatures: len(s.LeadFeatures), Horizon: s.Horizon, Levels: len(s.Levels),
	}
}

// Step returns Interval as a duration, 0 when it is not a duration.
func (s Spec) Step() time.Duration {
	d, err := time.ParseDuration(s.Interval)
	if err != nil {
		return 0
	}
	return d
}

// Median returns the index of the level 0.5, -1 when it is missing.
func (s Spec) Median() int { return slices.Index(s.Levels, 0.5) }

// Validate returns all faults, joined, each with field, value and limit.
func (s Spec) Validate() error {
	var errs []error
	add := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("spec: "+format, args...))
	}
	if s.Schema != SpecSchema {
		add("schema %d: this program reads %d", s.Schema, SpecSchema)
	}
	if !meter.ValidToken(s.Name) {
		add("name %.80q: must be 1 to %d letters, digits, _ or -", s.Name, meter.MaxToken)
	}
	step := s.Step()
	if step < meter.LeastInterval || step > meter.MostInterval || time.Hour%max(step, 1) != 0 {
		add("interval %.40q: must be a part of an hour, %v to %v", s.Interval, meter.LeastInterval,
			meter.MostInterval)
	}
	for _, f := range []struct {
		name       string
		value, max int
	}{
		{"hidden", s.Hidden, MaxHidden}, {"width", s.Width, MaxWidth},
		{"horizon", s.Horizon, MaxHorizon},
	} {
		if f.value < 1 || f.value > f.max {
			add("%s %d: must be 1 to %d", f.name, f.value, f.max)
		}
	}
	if s.Horizon <= MaxHorizon && time.Duration(s.Horizon)*step > meter.MostHorizon {
		add("horizon %d of %s: must be a week at most", s.Horizon, s.Interval)
	}
	errs = append(errs, s.validateLevels()...)
	for _, f := range []struct {
		name string
		list []string
	}{
		{"inputs", s.Inputs}, {"lead_features", s.LeadFeatures},
		{"current_features", s.CurrentFeatures},
	} {
		if len(f.list) < 1 || len(f.list) > MaxFeatures {
			add("%s: %d features, must be 1 to %d", f.name, len(f.list), MaxFeatures)
			continue
		}
		for i, name := range f.list {
			if !meter.ValidToken(name) {
				add("%s: name %.80q: must be 1 to %d letters, digits, _ or -", f.name, name,
					meter.MaxToken)
			} else if slices.Contains(f.list[:i], name) {
				add("%s: %q is there twice", f.name, name)
			}
		}
	}
	if s.Scale != ScalePlain && s.Scale != ScaleAsinh {
		add("scale %.40q: this program knows %q and %q", s.Scale, ScalePlain, ScaleAsinh)
	}
	if len(s.Zone) > meter.MaxToken || len(s.Country) > meter.MaxToken {
		add("zone %.40q, country %.40q: at most %d bytes each", s.Zone, s.Country, meter.MaxToken)
	}
	errs = append(errs, s.validateCovariates()...)
	if s.TrainedUntil.Before(s.TrainedFrom) {
		add("trained_until %v: is before trained_from %v", s.TrainedUntil, s.TrainedFrom)
	}
	return errors.Join(errs...)
}

func (s Spec) validateCovariates() []error {
	if len(s.Covariates) > MaxCovariates {
		return []error{
			fmt.Errorf("spec: covariates: %d of them, must be %d at most", len(s.Covariates),
				MaxCovariates),
		}
	}
	var errs []error
	names := s.CovariateNames()
	for i, c := range s.Covariates {
		if !meter.ValidToken(c.Name) || slices.Contains(names[:i], c.Name) {
			errs = append(errs, fmt.Errorf("spec: covariates: name %.80q: must be there once, 1 "+
				"to %d letters, digits, _ or -", c.Name, meter.MaxToken))
		}
		if sum := c.Center + c.Scale; !(c.Scale > 0) || !meter.Finite(sum) {
			errs = append(errs, fmt.Errorf("spec: covariates: %.80q: center %v and scale %v must "+
				"be finite, the scale above 0", c.Name, c.Center, c.Scale))
		}
	}
	return errs
}

func (s Spec) validateLevels() []error {
	if len(s.Levels) < 1 || len(s.Levels) > MaxLevels {
		return []error{
			fmt.Errorf("spec: levels: %d of them, must be 1 to %d", len(s.Levels), MaxLevels),
		}
	}
	for i, q := range s.Levels {
		if !(q > 0 && q < 1) || i > 0 && q <= s.Levels[i-1] {
			return []error{fmt.Errorf("spec: levels %v: must ascend between 0 and 1", s.Levels)}
		}
	}
	if s.Median() < 0 {
		return []error{fmt.Errorf("spec: levels %v: 0.5 is missing, which fills gaps", s.Levels)}
	}
	return nil
}

// decodeSpec reads a spec in JSON. It refuses a field that it does not know, because the field may
// change what the model means.
func decodeSpec(b []byte) (Spec, error) {
	var schema struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(b, &schema); err != nil {
		return Spec{}, err
	}
	if schema.Schema != SpecSchema {
		return Spec{}, fmt.Errorf("spec: schema %d: this program reads %d", schema.Schema,
			SpecSchema)
	}
	var s Spec
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return Spec{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Spec{}, errors.New("spec: more than one value")
	}
	return s, s.Validate()
}
