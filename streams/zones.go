package streams

import (
	"context"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// mostZones bounds the patterns that Zones remembers.
const mostZones = 1 << 16

// Zones finds the zones that are set for series, in the bucket of settings. It reads an entry of the
// bucket once, until Forget. Those who read a log beside its owner use it: the owner knows the
// settings from the log. It is not safe for concurrent use.
type Zones struct {
	get   func(ctx context.Context, key string) ([]byte, error)
	known map[meter.ID]*time.Location // by pattern; nil where no zone is set
}

// NewZones returns the Zones of a bucket. get returns the value of a key, nil when it has none.
func NewZones(get func(ctx context.Context, key string) ([]byte, error)) *Zones {
	return &Zones{get: get, known: map[meter.ID]*time.Location{}}
}

// Forget makes z read the bucket again.
func (z *Zones) Forget() { clear(z.known) }

// Of returns the zone of a series as DecodeReadingsInto wants it. When the bucket cannot be read,
// the Zone returns nil and sets failed.
func (z *Zones) Of(ctx context.Context, id meter.ID, failed *error) Zone {
	return func() *time.Location {
		for _, pattern := range [...]meter.ID{
			id, {Site: id.Site, Meter: meter.Any}, {Site: meter.Any, Meter: meter.Any},
		} {
			zone, err := z.of(ctx, pattern)
			if err != nil {
				*failed = err
			}
			if zone != nil || err != nil {
				return zone
			}
		}
		return nil
	}
}

// of returns the zone of a pattern, nil when none is set that can be used.
func (z *Zones) of(ctx context.Context, pattern meter.ID) (*time.Location, error) {
	if zone, ok := z.known[pattern]; ok {
		return zone, nil
	}
	data, err := z.get(ctx, SettingsKey(pattern.String()))
	if err != nil {
		return nil, fmt.Errorf("read the zone of %s: %w", pattern, err)
	}
	if len(z.known) >= mostZones {
		z.Forget()
	}
	z.known[pattern] = nil
	if len(data) == 0 {
		return nil, nil
	}
	// The forecaster reports settings that cannot be used.
	if set, err := DecodeSettings(data); err == nil && set.Zone != "" {
		if zone, err := time.LoadLocation(set.Zone); err == nil && set.Zone != "Local" {
			z.known[pattern] = zone
		}
	}
	return z.known[pattern], nil
}
