package main

// One series, without its labels: what a frame would be named by breaks the bands.
const ofSeries = `r.site == "${site}" and r.meter == "${meter}"`

// Rows of the interval that the series is forecast at now. Release 0.1.0 wrote rows without an
// interval: all were hours.
const ofInterval = ofSeries + ` and (not exists r.interval or r.interval == "${interval}")`

// scores are those of the series at the chosen lead, in the range.
const scores = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "score" and ` + ofInterval + ` and r.lead == "${lead}")
`

// bands begin at the running interval: the newest forecast of a past hour was made one interval
// before it and flatters.
const bands = `import "date"
from(bucket: v.defaultBucket)
  |> range(start: date.sub(d: ${interval}, from: now()), stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "forecast" and ` + ofInterval + ` and r._field =~ /^p(10|25|50|75|90)$/)
  |> keep(columns: ["_time", "_field", "_value"])
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> rename(columns: {p10: "P10", p25: "P25", p50: "Median", p75: "P75", p90: "P90"})`

const actual = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "actual" and r._field == "value" and ` + ofInterval + `)
  |> keep(columns: ["_time", "_value"])
  |> rename(columns: {_value: "Actual"})`

const believed = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "forecast_lead" and r._field == "p50" and r.lead == "${lead}" and ` + ofInterval + `)
  |> keep(columns: ["_time", "_value"])
  |> rename(columns: {_value: "Believed at lead ${lead}"})`

const believedBand = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "forecast_lead" and r._field =~ /^p(10|50|90)$/ and r.lead == "${lead}" and ` + ofInterval + `)
  |> keep(columns: ["_time", "_field", "_value"])
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> rename(columns: {p10: "P10", p50: "Believed at lead ${lead}", p90: "P90"})`

const errors = scores + `  |> filter(fn: (r) => r._field == "error" or r._field == "count")
  |> keep(columns: ["_time", "_field", "_value"])
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => r.count == 1)
  |> keep(columns: ["_time", "error"])
  |> rename(columns: {error: "Error"})`

// said is what the sender said of each reading.
const said = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "reading" and r._field == "quality" and ` + ofSeries + `)
  |> keep(columns: ["_time", "_value"])
  |> rename(columns: {_value: "Quality"})`

// doubted is the same as marks in the charts.
const doubted = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "reading" and r._field == "quality" and ` + ofSeries + `)
  |> filter(fn: (r) => r._value != "" and r._value != "OK")
  |> keep(columns: ["_time", "_value"])
  |> map(fn: (r) => ({time: r._time, text: "reading marked " + r._value, tags: "quality"}))
  |> sort(columns: ["time"], desc: true)
  |> limit(n: 500)`

// byLead sums what was scored in the range; skill counts only where the naive rule's loss is known
// too.
const byLead = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "score" and ` + ofInterval + ` and r.lead =~ /^(first|[0-9]+[hm])$/ and
    (r._field == "abs_error" or r._field == "abs_actual" or r._field == "pinball" or r._field == "pinball_naive" or r._field == "count"))
  |> keep(columns: ["_time", "_field", "_value", "lead"])
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => r.count == 1)
  |> reduce(
    identity: {error: 0.0, actual: 0.0, pinball: 0.0, naive: 0.0},
    fn: (r, accumulator) => ({
      error: accumulator.error + r.abs_error,
      actual: accumulator.actual + r.abs_actual,
      pinball: accumulator.pinball + (if exists r.pinball_naive then r.pinball else 0.0),
      naive: accumulator.naive + (if exists r.pinball_naive then r.pinball_naive else 0.0),
    }),
  )
  |> group()
  |> filter(fn: (r) => r.actual > 0.0 and r.naive > 0.0)
  |> map(fn: (r) => ({
    order: if r.lead == "first" then 0 else int(v: duration(v: r.lead)),
    Lead: "lead " + r.lead,
    WAPE: r.error / r.actual,
    Skill: 1.0 - r.pinball / r.naive,
  }))
  |> sort(columns: ["order"])
  |> drop(columns: ["order"])`

// held looks seven days back from each point, and so from before the range on.
const held = `import "date"
from(bucket: v.defaultBucket)
  |> range(start: date.sub(d: 7d, from: v.timeRangeStart), stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "score" and ` + ofInterval + ` and r.lead == "${lead}" and (r._field == "covered80" or r._field == "count"))
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => r.count == 1 and exists r.covered80)
  |> map(fn: (r) => ({r with _value: float(v: r.covered80)}))
  |> timedMovingAverage(every: ${interval}, period: 7d)
  |> filter(fn: (r) => r._time >= v.timeRangeStart and r._time <= now())
  |> group()
  |> keep(columns: ["_time", "_value"])
  |> rename(columns: {_value: "80 % band held"})`

// lastOf is one field of the forecast that reaches farthest, which is the newest one.
func lastOf(field, as string) string {
	return `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "forecast" and r._field == "` + field + `" and ` + ofInterval + `)
  |> last()
  |> keep(columns: ["_value"])
  |> rename(columns: {_value: "` + as + `"})`
}

const until = `import "date"
from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "forecast" and r._field == "p50" and ` + ofInterval + `)
  |> group()
  |> sort(columns: ["_time"])
  |> last()
  |> map(fn: (r) => ({"Forecast until": int(v: date.add(d: ${interval}, to: r._time)) / 1000000}))`

const told = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "event" and r._field == "text" and (not exists r.meter or ` + ofSeries + `))
  |> group()
  |> keep(columns: ["_time", "kind", "_value"])
  |> rename(columns: {_time: "Time", kind: "Event", _value: "Text"})
  |> sort(columns: ["Time"], desc: true)
  |> limit(n: 50)`

func series() dashboard {
	d := newDashboard(
		"series", "Loadtide / Series",
		"What will this meter do, and can I trust it? All in intervals of the meter's forecasts.",
		"now-3d", "now+36h", "1m",
	)
	d.Timepicker.QuickRanges = []quickRange{
		{"Last 24 h and next 36 h", "now-24h", "now+36h"},
		{"Last 3 days and next 36 h", "now-3d", "now+36h"},
		{"Last 7 days and next 36 h", "now-7d", "now+36h"},
		{"Last 28 days and next 36 h", "now-28d", "now+36h"}, {"Next 36 h", "now-1h", "now+36h"},
	}
	d.Links = append(d.Links,
		outward("Newest forecast (JSON)", "The message as the gateway has it", "${gateway}/v1/series/${site}/${meter}/forecast"))
	d.Templating.List = []variable{
		siteVariable(), meterVariable(), leadVariable(),
		typed(
			"gateway", "Gateway",
			"Address of the gateway as the browser reaches it, for the link to the newest forecast.",
			"http://127.0.0.1:8080",
		),
		interval(), unitVariable(),
	}
	d.Panels = place(
		[]panel{fan()},
		[]panel{
			word(
				"Made by", "Who made the newest forecast: the network (lstm), or a rule.", "string",
				flux(lastOf("source", "Made by")),
			).none("No forecast in this range"),
			word(
				"Model version", "Version of the model behind the newest forecast; empty when a rule made it.",
				"string", flux(lastOf("model_version", "Model version")),
			).mapped(words("", "none", grey)).none("No forecast in this range"),
			word(
				"Quality", "Of the newest reading behind the forecast, as the forecaster judged it.", "string",
				flux(lastOf("quality", "Quality")),
			).mapped(quality()).none("No forecast in this range").
				runbook("operations.md#meters-that-are-late-silent-or-wrong"),
			word(
				"Forecast until", "End of the last interval that is forecast.", "dateTimeAsIso", flux(until),
			).none("No forecast in this range"),
			lines("80 % band held, last 7 days", "Share of actuals inside the band that should hold 8 of 10, at the chosen lead, seven days back from each point. The aim is 0.8.",
				"percentunit", flux(held)).size(8, 4).colours("80 % band held", blue).between(0, 1).steps("transparent", 0.8, ok).drawSteps().plain().none("No scores in this range"),
		},
		row("Can I trust it?"),
		[]panel{belief()},
		[]panel{
			bars(
				"Error at lead ${lead}",
				"Actual minus the median that was believed at the chosen lead: above 0 more came than was "+
					"believed.",
				flux(errors),
			),
		},
		[]panel{
			leads(),
			newPanel(
				"histogram", "Errors at lead ${lead}", "How often an error of which size came in the range.",
				"short", flux(errors),
			).size(8, 9).colours("Error", blue).none("No scores in this range").asHistogram(),
			table("Events", "What was told of this series and of the models.", "short", flux(told)).
				size(8, 9).override("Time", custom("width", 170)).override("Event", custom("width", 150)).
				only("Time", "Event", "Text").none("No events in this range"),
		},
		row("The readings"),
		[]panel{timeline()},
	)
	d.Annotations.List = append(d.Annotations.List, nowLine(d.Panels),
		events("Model changes", blue, "not exists r.meter", swaps...),
		events("Drift", orange, "(not exists r.meter or "+ofSeries+")", drift...),
		events("Stale", bad, ofSeries, stale...),
		events("Limit", warn, ofSeries, limit...),
		mark("Flagged readings", warn, doubted))
	return d
}

// interval is that of the newest forecast, an hour before there is one.
func interval() variable {
	v := asked("interval", "Interval", "Interval of the meter's forecasts.", `import "array"
forecasts = from(bucket: v.defaultBucket)
  |> range(start: -60d)
  |> filter(fn: (r) => r._measurement == "forecast" and r._field == "p50" and `+ofSeries+`)
  |> last()
  |> group()
  |> map(fn: (r) => ({_time: r._time, _value: if exists r.interval then r.interval else "1h"}))
none = array.from(rows: [{_time: time(v: 0), _value: "1h"}])
union(tables: [forecasts, none])
  |> sort(columns: ["_time"], desc: true)
  |> limit(n: 1)
  |> keep(columns: ["_value"])`)
	v.Hide = 2
	return v
}

// nowLine is a line at now, with light ground to the right of it, in the panels that show the
// future.
func nowLine(panels []panel) annotation {
	a := mark("now", ink, `import "array"
array.from(rows: [{time: now(), timeEnd: v.timeRangeStop, text: "now"}])`)
	a.Hide = true
	a.Filter = &filter{}
	for _, p := range panels {
		if p.Type == "timeseries" {
			a.Filter.IDs = append(a.Filter.IDs, p.ID)
		}
	}
	return a
}

// fan is readings, what is ahead, and what was believed before.
func fan() panel {
	p := lines("${site}.${meter} [${unit}]",
		"What came (Actual) and what is ahead: of 10 actuals 8 fall into the light band, 5 into the dark one, half above the median. Dashed is what was believed at the chosen lead. A value belongs to the interval that begins where it stands.",
		"short", flux(bands), flux(actual), flux(believed)).size(24, 12).stepped()
	edge := []property{
		custom("lineWidth", 0),
		custom("hideFrom", object{"legend": true, "tooltip": false, "viz": false}), fixed(blue),
	}
	return p.
		override("P90", append(edge[:3:3], custom("fillBelowTo", "P10"), custom("fillOpacity", 18))...).
		override("P75", append(edge[:3:3], custom("fillBelowTo", "P25"), custom("fillOpacity", 40))...).
		override("P25", edge...).override("P10", edge...).
		override("Median", custom("lineWidth", 2), fixed(blue)).
		override("Actual", actualLine()...).
		overrideLike("/^Believed at lead /", believedLine()...)
}

// actualLine breaks where an interval is missing: absent rows are joined otherwise. 5400000 ms are
// 1.5 hours.
func actualLine() []property {
	return []property{
		fixed(ink), custom("showPoints", "always"), custom("pointSize", 4),
		custom("insertNulls", 5400000),
	}
}

func believedLine() []property {
	return []property{fixed(orange), custom("lineStyle", object{"fill": "dash", "dash": []int{6, 4}})}
}

func belief() panel {
	edge := []property{
		custom("lineWidth", 0),
		custom("hideFrom", object{"legend": true, "tooltip": false, "viz": false}), fixed(orange),
	}
	return lines("What was believed at lead ${lead}, and what came [${unit}]",
		"The belief that long before, with its band that should hold 8 of 10 actuals. Left of now no newer forecast is drawn: one made an interval before would flatter.",
		"short", flux(believedBand), flux(actual)).size(24, 9).stepped().
		override("P90", append(edge[:3:3], custom("fillBelowTo", "P10"), custom("fillOpacity", 18))...).
		override("P10", edge...).
		override("Actual", actualLine()...).
		overrideLike("/^Believed at lead /", believedLine()...)
}

func bars(title, description string, t target) panel {
	p := lines(title, description, "short", t).size(24, 5).colours("Error", blue).plain().
		none("No scores in this range")
	p.FieldConfig.Defaults.Custom["drawStyle"], p.FieldConfig.Defaults.Custom["fillOpacity"] = "bars", 60
	return p
}

func leads() panel {
	p := newPanel("barchart", "WAPE and skill by lead",
		"WAPE: errors as a share of what came. Skill: what the quantiles gain on the same hour of the day before; below 0 that rule would have been better. In the range, by lead.",
		"percentunit", flux(byLead)).size(8, 9).colours("WAPE", orange, "Skill", blue).none("No scores in this range")
	p.FieldConfig.Defaults.Custom = object{"fillOpacity": 80, "lineWidth": 1}
	p.Options = object{
		"xField": "Lead", "orientation": "auto", "showValue": "auto", "stacking": "none", "barWidth": 0.9,
		"groupWidth": 0.7, "fullHighlight": false,
		"xTickLabelMaxLength": 0, "xTickLabelRotation": 0,
		"legend": object{
			"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{},
		},
		"tooltip": object{"mode": "single", "sort": "none"},
	}
	return p
}

func timeline() panel {
	p := newPanel(
		"state-timeline", "Quality of the readings",
		"What the sender said of each reading. An empty place is a reading that did not come.", "string",
		flux(said),
	).size(24, 5).mapped(quality())
	p.FieldConfig.Defaults.Custom = object{"fillOpacity": 70, "lineWidth": 0}
	p.Options = object{
		"showValue": "auto", "rowHeight": 0.9, "mergeValues": true, "alignValue": "left",
		"legend": object{
			"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{},
		},
		"tooltip": object{"mode": "single", "sort": "none"},
	}
	return p
}

// stepped draws an interval's value from its start to the next one's.
func (p panel) stepped() panel {
	p.FieldConfig.Defaults.Custom["lineInterpolation"] = "stepAfter"
	return p
}

// plain is a chart whose title says it all.
func (p panel) plain() panel {
	p.Options["legend"].(object)["showLegend"] = false
	return p
}

func (p panel) mapped(m []object) panel {
	p.FieldConfig.Defaults.Mappings = m
	return p
}

func (p panel) asHistogram() panel {
	p.FieldConfig.Defaults.Custom = object{"fillOpacity": 80, "lineWidth": 1}
	p.Options = object{
		"bucketCount": 30,
		"legend": object{
			"displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": []string{},
		},
		"tooltip": object{"mode": "single", "sort": "none"},
	}
	return p
}
