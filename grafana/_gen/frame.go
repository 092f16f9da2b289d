package main

import "strings"

// newDashboard returns a dashboard with links to the other dashboards, and without panels and
// variables.
func newDashboard(name, title, question, from, to, refresh string) dashboard {
	d := dashboard{
		UID: prefix + name, Title: title, Description: question, Tags: []string{"loadtide"},
		SchemaVersion: 39, Version: 1,
		GraphTooltip: 1, Refresh: refresh, Timezone: "browser", Time: span{from, to},
		// The other dashboards keep site and meter, not the range: one shows the last day, another
		// the next 36 hours.
		Links: []link{{
			Title: "Loadtide", Type: "dashboards", Icon: "external link", Tooltip: "The other " +
				"dashboards",
			Tags: []string{"loadtide"}, IncludeVars: true,
		}},
	}
	d.Annotations.List = []annotation{{
		Name: "Annotations & Alerts", Datasource: source{"grafana", "-- Grafana --"}, Enable: true,
		Hide:      true,
		IconColor: "rgba(0, 211, 255, 1)", BuiltIn: 1, Type: "dashboard",
	}}
	d.Templating.List = []variable{}
	return d
}

// events marks the events of some kinds. where is a condition for the rows, "" for all series.
func events(name, colour, where string, kinds ...string) annotation {
	var kind []string
	for _, k := range kinds {
		kind = append(kind, `r.kind == "`+k+`"`)
	}
	condition := "(" + strings.Join(kind, " or ") + ")"
	if where != "" {
		condition += " and " + where
	}
	return mark(name, colour, `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "event" and r._field == "text" and `+condition+`)
  |> group()
  |> keep(columns: ["_time", "kind", "_value"])
  |> rename(columns: {_time: "time", kind: "tags", _value: "text"})
  |> sort(columns: ["time"], desc: true)
  |> limit(n: 200)`)
}

// mark returns an annotation whose query returns time and text, and perhaps timeEnd or tags.
func mark(name, colour, query string) annotation {
	return annotation{
		Name: name, Datasource: influx, Enable: true, IconColor: colour,
		Target: &target{RefID: name, Query: query},
	}
}

// The kinds of events, as in streams.Event.
var (
	swaps = []string{"model.promoted", "model.rolled_back", "model.refused"}
	stale = []string{"series.stale"}
	drift = []string{"drift"}
	limit = []string{"limit.passed", "limit.cleared"}
)

// fleetEvents returns the marks of a dashboard of the fleet.
func fleetEvents() []annotation {
	return []annotation{
		events("Model changes", blue, "", swaps...),
		events("Drift", orange, "", drift...),
		events("Stale series", bad, "", stale...),
	}
}

// siteVariable and meterVariable list sites and meters with readings of two months, because the
// history of the demo ends a month ago.
func siteVariable() variable {
	return queryVariable(
		"site",
		"Site",
		"Sites with readings in the last 60 days.",
		`import "influxdata/influxdb/schema"
schema.tagValues(bucket: v.defaultBucket, tag: "site", predicate: (r) => r._measurement == "reading", start: -60d)`,
	)
}

func meterVariable() variable {
	v := queryVariable(
		"meter",
		"Meter",
		"Meters of the site, the first 500; any other can be typed in.",
		`import "influxdata/influxdb/schema"
schema.tagValues(bucket: v.defaultBucket, tag: "meter", predicate: (r) => r._measurement == "reading" and r.site == "${site}", start: -60d)
  |> limit(n: 500)`,
	)
	v.AllowCustomValue = true
	return v
}

// unitVariable is the unit of the meter's actuals, or of its readings before the first actual.
func unitVariable() variable {
	v := queryVariable(
		"unit",
		"Unit",
		"Unit of the meter's intervals.",
		`from(bucket: v.defaultBucket)
  |> range(start: -60d)
  |> filter(fn: (r) => (r._measurement == "actual" or r._measurement == "reading") and r._field == "unit" and r.site == "${site}" and r.meter == "${meter}")
  |> last()
  |> filter(fn: (r) => r._value != "")
  |> group()
  |> sort(columns: ["_measurement"])
  |> limit(n: 1)
  |> keep(columns: ["_value"])`,
	)
	v.Hide = 2
	return v
}

// queryVariable returns a variable whose values InfluxDB knows.
func queryVariable(name, label, description, query string) variable {
	return variable{
		Name: name, Label: label, Description: description, Type: "query", Datasource: &influx,
		Query: object{"refId": name, "query": query}, Refresh: 2, Sort: 7, Options: []choice{},
	}
}

// customVariable returns a variable of fixed values.
func customVariable(name, label, description, initial string, values ...string) variable {
	v := variable{
		Name: name, Label: label, Description: description, Type: "custom",
		Query: strings.Join(values, ","), AllowCustomValue: true,
		Current: &choice{initial, initial, true},
	}
	for _, value := range values {
		v.Options = append(v.Options, choice{value, value, value == initial})
	}
	return v
}

func leadVariable() variable {
	return customVariable(
		"lead",
		"Lead",
		"How far ahead: the time after the origin at which the lead ends. The first lead of an "+
			"hourly meter ends after an hour and is first. Beyond 24h a model has the scores of "+
			"its longest lead; another one than 48h or 168h can be typed in, such as 36h.",
		"24h",
		"first",
		"1h",
		"6h",
		"12h",
		"24h",
		"48h",
		"168h",
	)
}

// textVariable returns a variable that a person can type.
func textVariable(name, label, description, value string) variable {
	return variable{
		Name: name, Label: label, Description: description, Type: "textbox", Query: value,
		Options: []choice{{value, value, true}},
		Current: &choice{value, value, true},
	}
}

// tintSources gives the curves of sources their colours.
func (p panel) tintSources() panel {
	return p.colours("lstm", blue, "seasonal_naive", grey, "persistence", warn, "none", bad)
}
