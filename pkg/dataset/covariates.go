package dataset

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// everySite is the site whose covariates hold for all series.
const everySite = "default"

// maxCovariateHours bounds all covariates together, 80 MB.
const maxCovariateHours = 20_000_000

// Covariates are values known ahead, by hour: of one site each, and of every
// site. They are read alone, by any goroutine.
type Covariates struct {
	names []string                // sorted
	sites map[string]series.Ahead // of a site, those of every site included
	every series.Ahead            // of a site that has none of its own
}

// Covariates brings what was added, each a series <site>.<name>, to hours by its
// mean. Those of the site "default", or of the one site there is, hold for every
// series, the others for the series of their site. It is an error when one comes
// less often than once an hour, its name is too long, or they span too much.
func (b *Builder) Covariates() (*Covariates, error) {
	c := &Covariates{sites: map[string]series.Ahead{}, every: series.Ahead{}}
	hours := int64(0)
	for i, id := range b.ids {
		points := b.points[i]
		slices.SortStableFunc(points, bySecond)
		if hours += (points[len(points)-1].Second-points[0].Second)/meter.IntervalSeconds + 1; hours > maxCovariateHours {
			return nil, fmt.Errorf("the covariates span %d hours and more in all: %d are the most; leave out sites or years", hours, maxCovariateHours)
		}
		if step := commonStep(points); step > meter.IntervalSeconds {
			return nil, fmt.Errorf("covariate %s has a value every %.3g h: give one for every hour, or more often", id, float64(step)/meter.IntervalSeconds)
		}
		if len(id.Meter) > series.MaxCovariateName {
			return nil, fmt.Errorf("covariate %s: its name has %d bytes: %d are the most", id, len(id.Meter), series.MaxCovariateName)
		}
		if c.sites[id.Site] == nil {
			c.sites[id.Site] = series.Ahead{}
		}
		c.sites[id.Site][id.Meter] = hourMeans(points)
		if !slices.Contains(c.names, id.Meter) {
			c.names = append(c.names, id.Meter)
		}
	}
	slices.Sort(c.names)
	c.spread()
	return c, nil
}

// spread gives each site those that hold for every site.
func (c *Covariates) spread() {
	for site, known := range c.sites {
		if site == everySite || len(c.sites) == 1 {
			c.every = known
		}
	}
	for site := range c.sites {
		own := maps.Clone(c.every)
		maps.Copy(own, c.sites[site])
		c.sites[site] = own
	}
}

// hourMeans is the mean of each hour of points in the order of time; of two
// values of a moment the first counts.
func hourMeans(points []meter.Read) series.Hours {
	first, last := meter.FloorDiv(points[0].Second, meter.IntervalSeconds), meter.FloorDiv(points[len(points)-1].Second, meter.IntervalSeconds)
	h := series.Hours{First: first, Values: make([]float32, last-first+1)}
	for i := range h.Values {
		h.Values[i] = float32(math.NaN())
	}
	for start := 0; start < len(points); {
		hour := meter.FloorDiv(points[start].Second, meter.IntervalSeconds)
		var sum, n float64
		end := start
		for ; end < len(points) && meter.FloorDiv(points[end].Second, meter.IntervalSeconds) == hour; end++ {
			if end == start || points[end].Second != points[end-1].Second {
				sum += points[end].Value
				n++
			}
		}
		h.Values[hour-first] = float32(sum / n)
		start = end
	}
	return h
}

// Names lists the covariates, sorted.
func (c *Covariates) Names() []string {
	if c == nil {
		return nil
	}
	return c.names
}

// Of is what is known ahead of a series.
func (c *Covariates) Of(id meter.ID) series.Ahead {
	if c == nil {
		return nil
	}
	if own, ok := c.sites[id.Site]; ok {
		return own
	}
	return c.every
}

// Standardised is the centre and the scale of each covariate, over all sites and
// the hours before a Unix second: the end of what is trained on.
func (c *Covariates) Standardised(until int64) ([]series.Covariate, error) {
	var all []series.Covariate
	for _, name := range c.Names() {
		var sum, squares, n float64
		for _, site := range slices.Sorted(maps.Keys(c.sites)) {
			h := c.sites[site][name]
			for i, v := range h.Values[:max(0, min(int64(len(h.Values)), meter.FloorDiv(until, meter.IntervalSeconds)-h.First))] {
				if h.Knows(h.First + int64(i)) {
					sum, squares, n = sum+float64(v), squares+float64(v)*float64(v), n+1
				}
			}
		}
		if n == 0 {
			return nil, fmt.Errorf("covariate %s has no value in the training range: give a file that reaches back as far as the readings, or leave the column out", name)
		}
		mean := sum / n
		sd := math.Sqrt(max(squares/n-mean*mean, 0))
		all = append(all, series.Covariate{Name: name, Center: float32(mean), Scale: float32(max(sd, 1e-3*math.Abs(mean), series.ScaleFloor))})
	}
	return all, nil
}

// Gaps says in words how many hours between two Unix seconds some of the
// histories' sites lack of the named covariates and what stands in for them, "" when
// nothing is missing.
func (c *Covariates) Gaps(histories []*History, names []string, from, until int64) string {
	if c == nil {
		return ""
	}
	sites := map[string]meter.ID{}
	for _, h := range histories {
		sites[h.ID.Site] = h.ID
		if _, own := c.sites[h.ID.Site]; !own {
			delete(sites, h.ID.Site)
			sites[""] = h.ID // all that share what holds for every site count once
		}
	}
	var parts []string
	for _, name := range names {
		filled, unknown, all := 0, 0, 0
		for _, site := range slices.SortedFunc(maps.Values(sites), func(a, b meter.ID) int { return cmp.Compare(a.Site, b.Site) }) {
			h := c.Of(site)[name]
			for hour := meter.FloorDiv(from, meter.IntervalSeconds); hour < meter.FloorDiv(until-1, meter.IntervalSeconds)+1; hour++ {
				all++
				switch v := h.At(hour); {
				case h.Knows(hour):
				case math.IsNaN(float64(v)):
					unknown++
				default:
					filled++
				}
			}
		}
		if filled+unknown > 0 {
			parts = append(parts, fmt.Sprintf("%s is missing in %d of %d hours (%d take the same hour of a day before, %d the mean)", name, filled+unknown, all, filled, unknown))
		}
	}
	return strings.Join(parts, "; ")
}
