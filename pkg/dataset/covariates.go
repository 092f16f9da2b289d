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

// everySite is the site whose covariates apply to all series.
const everySite = "default"

// maxCovariateHours bounds the hours of all covariates together, 80 MB.
const maxCovariateHours = 20_000_000

// Covariates are values known ahead, by hour: of one site each, and of every site. They are not
// changed after they are made; any goroutine may read them.
type Covariates struct {
	names []string                // sorted
	sites map[string]series.Ahead // of a site, those of every site included
	every series.Ahead            // of a site that has none of its own
}

// Covariates takes each series that was added as a covariate <site>.<name>, and brings it to hours
// by its mean. Covariates of the site "default", or of the only site, apply to every series, others
// to the series of their site. The error names a covariate with less than one value an hour or too
// long a name, or says that they span too many hours.
func (b *Builder) Covariates() (*Covariates, error) {
	c := &Covariates{sites: map[string]series.Ahead{}, every: series.Ahead{}}
	hours := int64(0)
	for _, s := range b.series {
		slices.SortStableFunc(s.reads, bySecond)
		hours += (s.reads[len(s.reads)-1].second-s.reads[0].second)/meter.HourSeconds + 1
		if hours > maxCovariateHours {
			return nil, fmt.Errorf("the covariates span %d hours and more in all: "+
				"%d are the most; leave out sites or years", hours, maxCovariateHours)
		}
		if step := commonStep(s.reads); step > meter.HourSeconds {
			return nil, fmt.Errorf("covariate %s has a value every %.3g h: give one for every "+
				"hour, "+
				"or more often", s.id, float64(step)/meter.HourSeconds)
		}
		if n := len(s.id.Meter); n > series.MaxCovariateName {
			return nil, fmt.Errorf("covariate %s: its name has %d bytes: %d are the most",
				s.id, n, series.MaxCovariateName)
		}
		c.add(s.id, hourMeans(s.reads))
	}
	slices.Sort(c.names)
	c.spread()
	return c, nil
}

func (c *Covariates) add(id meter.ID, hours series.Hours) {
	if c.sites[id.Site] == nil {
		c.sites[id.Site] = series.Ahead{}
	}
	c.sites[id.Site][id.Meter] = hours
	if !slices.Contains(c.names, id.Meter) {
		c.names = append(c.names, id.Meter)
	}
}

// spread gives each site the covariates that apply to every site.
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

// hourOf is the hour that holds a Unix second, in hours since the epoch.
func hourOf(second int64) int64 { return meter.FloorDiv(second, meter.HourSeconds) }

// hourMeans is the mean of each hour, of values in the order of time. Of two values of the same
// moment, the first one counts.
func hourMeans(points []reading) series.Hours {
	first, last := hourOf(points[0].second), hourOf(points[len(points)-1].second)
	h := series.Hours{First: first, Values: make([]float32, last-first+1)}
	for i := range h.Values {
		h.Values[i] = float32(math.NaN())
	}
	for start := 0; start < len(points); {
		hour := hourOf(points[start].second)
		var sum, n float64
		end := start
		for ; end < len(points) && hourOf(points[end].second) == hour; end++ {
			if end == start || points[end].second != points[end-1].second {
				sum += points[end].value
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

// Of returns the covariates of a series.
func (c *Covariates) Of(id meter.ID) series.Ahead {
	if c == nil {
		return nil
	}
	if own, ok := c.sites[id.Site]; ok {
		return own
	}
	return c.every
}

// Standardised returns the centre and the scale of each covariate, over all sites and the hours
// before a Unix second, the end of the training range. The error names a covariate without a value
// there.
func (c *Covariates) Standardised(until int64) ([]meter.Covariate, error) {
	var all []meter.Covariate
	for _, name := range c.Names() {
		var sum, squares, n float64
		for _, site := range slices.Sorted(maps.Keys(c.sites)) {
			h := c.sites[site][name]
			before := max(0, min(int64(len(h.Values)), hourOf(until)-h.First))
			for i, v := range h.Values[:before] {
				if h.Knows(h.First + int64(i)) {
					sum, squares, n = sum+float64(v), squares+float64(v)*float64(v), n+1
				}
			}
		}
		if n == 0 {
			return nil, fmt.Errorf("covariate %s has no value in the training range: give a file "+
				"that reaches back as far as the readings, or leave the column out", name)
		}
		mean := sum / n
		sd := math.Sqrt(max(squares/n-mean*mean, 0))
		all = append(all, meter.Covariate{Name: name, Center: float32(mean),
			Scale: float32(max(sd, 1e-3*math.Abs(mean), series.ScaleFloor))})
	}
	return all, nil
}

// Gaps tells in words how many hours between two Unix seconds the named covariates lack at the
// sites of the histories, and which values are used instead. It is empty when nothing is missing.
func (c *Covariates) Gaps(histories []*History, names []string, from, until int64) string {
	if c == nil {
		return ""
	}
	sites := map[string]meter.ID{}
	for _, h := range histories {
		sites[h.ID.Site] = h.ID
		if _, own := c.sites[h.ID.Site]; !own {
			delete(sites, h.ID.Site)
			sites[""] = h.ID // all sites without covariates of their own count once
		}
	}
	bySite := func(a, b meter.ID) int { return cmp.Compare(a.Site, b.Site) }
	ids := slices.SortedFunc(maps.Values(sites), bySite)
	var parts []string
	for _, name := range names {
		filled, unknown, all := 0, 0, 0
		for _, id := range ids {
			h := c.Of(id)[name]
			for hour := hourOf(from); hour <= hourOf(until-1); hour++ {
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
			parts = append(parts, fmt.Sprintf("%s is missing in %d of %d hours "+
				"(%d take the same hour of a day before, %d the mean)",
				name, filled+unknown, all, filled, unknown))
		}
	}
	return strings.Join(parts, "; ")
}
