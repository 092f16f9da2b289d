package main

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// Kinds of load. Each has the same share of the training windows, so that none drowns another.
const (
	homes     = "homes"
	buildings = "buildings"
	grids     = "grids"
	sites     = "sites" // substations, works, feeders: loads with a shape of their own
)

// source is a set of series of one origin.
type source struct {
	name    string // as in the files of the data, for hourly sets and finer ones alike
	kind    string
	title   string
	licence string // "" when it does not allow to train on the set
	origin  string
	fold    int      // that leaves it out, 1 to 5
	but     []string // series that are left out, of another licence
}

// mostFolds is the number of fits that leave sources out, so that each is measured unseen.
const mostFolds = 5

// sources are the sets that a base model may be trained on, and those that it may only be measured
// on. Licences are those that the publisher states.
var sources = []source{
	{"pjm", grids, "zones of PJM Interconnection, USA", "CC0",
		"Kaggle, robikscube, \"Hourly Energy Consumption\"", 1, nil},
	{"eia", grids, "balancing authorities, USA", "CC BY 4.0",
		"truggles/EIA_Cleaned_Hourly_Electricity_Demand_Data, form EIA-930", 2, nil},
	{"uk", grids, "demand of Great Britain", "MIT", "UKgrid (CRAN), National Grid ESO", 3, nil},
	{"vic", grids, "demand of Victoria, Australia", "BSD-3-Clause",
		"skforecast/skforecast-datasets", 4, nil},
	{"grids", grids, "demand of France and of south-east Brazil", "MIT, CC0",
		"neuralprophet-data (RTE), IMAbootcamp2021 (ONS)", 5, []string{"grids.tepco"}},
	{"cambridge", buildings, "buildings of a university, England", "MIT",
		"EECi/Cambridge-Estates-Building-Energy-Archive", 1, nil},
	{"sites", buildings, "two buildings, USA", "BSD-3-Clause",
		"skforecast/skforecast-datasets (BDG2, CC BY 4.0)", 2, []string{"sites.gym"}},
	{"citylearn", homes, "homes, California", "MIT", "intelligent-environments-lab/CityLearn", 3, nil},
	{"homes", homes, "homes of nine countries", "CC BY 4.0, MIT",
		"patrickvorgers/Home-Assistant-Import-Energy-Data; UCI 235, 321; HUE; acep-uaf/MicroFEWs", 4, []string{
			"homes.nl_ams_24378", "homes.nl_ams_31260", "homes.nl_ams_31329", "homes.nl_ams_40322", "homes.ca_openmv",
		}},
	{"liander", sites, "substations, the Netherlands", "MPL-2.0",
		"OpenSTEF/openstef-offline-example", 5, nil},
	{"tetouan", sites, "feeders of a city, Morocco", "CC BY 4.0",
		"UCI 849, Salam and El Hibaoui", 1, nil},
	{"steel", sites, "steel works, Korea", "CC BY 4.0", "UCI 851, DAEWOO Steel", 2, nil},
	{"edrp", homes, "homes, Scotland", "", "EDRP, UK Data Service", 0, nil},
	{"sgsc", homes, "homes, Australia", "", "Smart-Grid Smart-City", 0, nil},
	{"etth1", sites, "transformer, China", "", "ETDataset, CC BY-ND 4.0", 0, nil},
	{"spain_tariffs", grids, "tariff groups, Spain", "", "ESIOS, none stated", 0, nil},
	{"ireland", grids, "demand of Ireland", "", "EirGrid, none stated", 0, nil},
	{"ev_sites", sites, "charging sites, USA", "", "ev-load-open-data, GPL-3", 0, nil},
}

// native are the files of intervals finer than an hour, by source; those of hours all have one form.
// Readings that come more often than the interval of the model are joined.
var native = map[string][]readingsFile{
	"vic":     {{30, "vic_electricity", columns("", "Time", "Demand", "vic.Demand")}},
	"uk":      {{30, "more/uk_30min", power}},
	"tetouan": {{30, "more/tetouan_30min", power}},
	"homes":   {{30, "more/homes_30min", energy}, {15, "more/homes_15min", energy}},
	"steel":   {{15, "more/steel_15min", energy}},
	"liander": {
		{15, "liander_substations_15min", columns("station", "datetime", "total_substation", "")},
		{15, "liander_locations_15min", columns("pid", "index", "load", "")},
	},
	"edrp": {{30, "edrp_scotland_households_30min", energy}},
	"sgsc": {{30, "sgsc_australia_households_30min", tabular.Options{
		SeriesColumn: "customer_id", TimeColumn: "reading_datetime", ValueColumn: "general_supply_kwh",
		Unit: "kWh", Kind: meter.Energy,
	}}},
	"ireland":  {{15, "more/ireland_15min", power}},
	"ev_sites": {{15, "more/ev_sites_15min", energy}},
}

// readingsFile is a file of readings: its interval in minutes, its path below the folder of the data, and how
// it is read.
type readingsFile struct {
	minutes int
	path    string
	options tabular.Options
}

var (
	energy = tabular.Options{Unit: "kWh", Kind: meter.Energy}
	power  = tabular.Options{Kind: meter.Power}
)

func columns(series, at, value, one string) tabular.Options {
	return tabular.Options{
		SeriesColumn: series, TimeColumn: at, ValueColumn: value, Series: one, Kind: meter.Power,
	}
}

// files are the files of a source that a model of an interval is made of.
func (s source) files(interval time.Duration) []readingsFile {
	if interval == time.Hour {
		for _, name := range []string{"pjm", "vic", "citylearn", "liander", "edrp", "sgsc", "etth1"} {
			if s.name == name {
				return []readingsFile{{60, "hourly/" + name, tabular.Options{}}}
			}
		}
		return []readingsFile{{60, "more/" + s.name, tabular.Options{}}}
	}
	var all []readingsFile
	for _, f := range native[s.name] {
		if time.Duration(f.minutes)*time.Minute <= interval {
			all = append(all, f)
		}
	}
	return all
}

// load reads the histories of a source that a model of an interval is trained on. Where no grid comes at
// the interval, those of hours are trained on in finer parts: a grid of many thousand meters moves
// smoothly.
func (s source) load(data string, interval time.Duration) ([]*dataset.History, error) {
	histories, err := s.read(data, interval)
	if err == nil && s.kind == grids && !comes(grids, interval) {
		if histories, err = s.read(data, time.Hour); err == nil {
			histories = refined(histories, interval)
		}
	}
	return slices.DeleteFunc(histories, func(h *dataset.History) bool {
		return slices.Contains(s.but, h.ID.String())
	}), err
}

// comes reports whether a set of a kind that may be trained on comes at an interval.
func comes(kind string, interval time.Duration) bool {
	return slices.ContainsFunc(sources, func(s source) bool {
		return s.kind == kind && s.licence != "" && len(s.files(interval)) > 0
	})
}

// refined are hourly histories in finer intervals: an hour becomes parts that lie on a line through
// its middle, as steep as its neighbours are, and that add up to it.
func refined(hours []*dataset.History, interval time.Duration) []*dataset.History {
	b := dataset.NewBuilder()
	length := int64(interval / time.Second)
	b.At(length)
	parts := int64(time.Hour / interval)
	for _, h := range hours {
		if slices.ContainsFunc(hours, func(o *dataset.History) bool { return o != h && o.ID == h.ID }) {
			continue // a series with a long hole
		}
		at := func(n int64) (float64, bool) {
			if !h.Raw.Has(n) {
				return 0, false
			}
			v, q := h.Raw.At(n)
			return float64(v), q.Accepted()
		}
		for n := h.Raw.First(); n <= h.Raw.Newest; n++ {
			value, ok := at(n)
			if !ok {
				continue
			}
			before, haveBefore := at(n - 1)
			after, haveAfter := at(n + 1)
			slope := 0.0
			if haveBefore && haveAfter {
				slope = (after - before) / 2
			}
			for i := range parts {
				x := (float64(i)+0.5)/float64(parts) - 0.5
				b.AddReading(h.ID, dataset.Reading{
					Kind: meter.Energy, Unit: h.Unit, Second: h.Start(n) + i*length,
					Value: (value + slope*x) / float64(parts),
				})
			}
		}
	}
	return b.Build()
}

// read reads the histories of a source at an interval; there may be none.
func (s source) read(data string, interval time.Duration) ([]*dataset.History, error) {
	b := dataset.NewBuilder()
	b.At(int64(interval / time.Second))
	for _, f := range s.files(interval) {
		files := dataset.Files{
			Paths: []string{filepath.Join(data, f.path+".csv.gz")}, Options: f.options,
		}
		if err := files.Load(context.Background(), b); err != nil {
			return nil, err
		}
	}
	return b.Build(), nil
}
