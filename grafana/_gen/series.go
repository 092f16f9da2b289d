package main

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
	d.Links = append(
		d.Links,
		outward(
			"Newest forecast (JSON)",
			"The message as the gateway has it",
			"${gateway}/v1/series/${site}/${meter}/forecast",
		),
	)
	d.Templating.List = []variable{
		siteVariable(), meterVariable(), leadVariable(),
		textVariable(
			"gateway",
			"Gateway",
			"Address of the gateway as the browser reaches it, for the link to the newest "+
				"forecast.",
			"http://127.0.0.1:8080",
		),
		interval(), unitVariable(),
	}
	d.Panels = layout(
		[]panel{fan()},
		newestForecast(),
		row("Can I trust it?"),
		[]panel{pastForecasts()},
		errorBars(),
		trustPanels(),
		row("The readings"),
		[]panel{timeline()},
	)
	d.Annotations.List = append(d.Annotations.List, nowLine(d.Panels),
		events("Model changes", blue, "not exists r.meter", swaps...),
		events("Drift", orange, "(not exists r.meter or "+ofSeries+")", drift...),
		events("Stale", bad, ofSeries, stale...),
		events("Limit", warn, ofSeries, limit...),
		mark("Flagged readings", warn, qualityMarks),
		mark("Marked periods", grey, markedPeriods))
	return d
}

// newestForecast shows the newest forecast in numbers.
func newestForecast() []panel {
	return []panel{
		word(
			"Made by", "Who made the newest forecast: the network (lstm), or a rule.", "string",
			flux(lastOf("source", "Made by")),
		).none("No forecast in this range"),
		word(
			"Model version",
			"Version of the model behind the newest forecast; empty when a rule made it.",
			"string",
			flux(lastOf("model_version", "Model version")),
		).mapped(words("", "none", grey)).none("No forecast in this range"),
		word(
			"Quality",
			"Of the newest reading behind the forecast, as the forecaster judged it.",
			"string",
			flux(lastOf("quality", "Quality")),
		).mapped(quality()).none("No forecast in this range").
			runbook("operations.md#meters-that-are-late-silent-or-wrong"),
		word(
			"Forecast until",
			"End of the last interval that is forecast.",
			"dateTimeAsIso",
			flux(until),
		).none("No forecast in this range"),
		lines(
			"80 % band held, last 7 days",
			"Share of actuals inside the band that should hold 8 of 10, at the chosen lead, "+
				"seven days back from each point. The aim is 0.8.",
			"percentunit",
			flux(coverage),
		).size(8, 4).
			colours("80 % band held", blue).
			between(0, 1).
			steps("transparent", 0.8, ok).
			drawSteps().
			plain().
			none("No scores in this range"),
	}
}

// errorBars shows the errors at the chosen lead over time.
func errorBars() []panel {
	return []panel{
		bars(
			"Error at lead ${lead}",
			"Actual minus the median that was believed at the chosen lead: above 0 more came than was "+
				"believed.",
			flux(errors),
		),
	}
}

// trustPanels shows the errors by lead and size, and the events.
func trustPanels() []panel {
	return []panel{
		leads(),
		newPanel(
			"histogram",
			"Errors at lead ${lead}",
			"How often an error of which size came in the range.",
			"short",
			flux(errors),
		).size(8, 9).colours("Error", blue).none("No scores in this range").asHistogram(),
		table(
			"Events",
			"What was told of this series and of the models.",
			"short",
			flux(seriesEvents),
		).
			size(8, 9).
			override("Time", custom("width", 170)).
			override("Event", custom("width", 150)).
			only("Time", "Event", "Text").
			none("No events in this range"),
	}
}

// interval is the variable of the interval of the newest forecast: an hour before the first one.
func interval() variable {
	v := queryVariable("interval", "Interval", "Interval of the meter's forecasts.", `import "array"
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

// nowLine marks now with a line and a light ground behind it, in the panels that show the future.
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

// fan shows the actuals, the newest forecast, and the medians that were forecast at the chosen
// lead.
func fan() panel {
	p := lines(
		"${site}.${meter} [${unit}]",
		"What came (Actual) and what is ahead: of 10 actuals 8 fall into the light band, 5 into "+
			"the dark one, half above the median. Dashed is what was believed at the chosen "+
			"lead. A value belongs to the interval that begins where it stands.",
		"short",
		flux(bands),
		flux(actual),
		flux(pastMedian),
	).size(24, 12).stepped()
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
		overrideLike("/^Believed at lead /", pastLine()...)
}

// actualLine returns the look of the actuals. The line breaks after 5400000 ms, 1.5 hours, without
// a row; otherwise it would join the rows around a missing interval.
func actualLine() []property {
	return []property{
		fixed(ink), custom("showPoints", "always"), custom("pointSize", 4),
		custom("insertNulls", 5400000),
	}
}

func pastLine() []property {
	return []property{
		fixed(orange),
		custom("lineStyle", object{"fill": "dash", "dash": []int{6, 4}}),
	}
}

func pastForecasts() panel {
	edge := []property{
		custom("lineWidth", 0),
		custom("hideFrom", object{"legend": true, "tooltip": false, "viz": false}), fixed(orange),
	}
	return lines(
		"What was believed at lead ${lead}, and what came [${unit}]",
		"The belief that long before, with its band that should hold 8 of 10 actuals. Left of "+
			"now no newer forecast is drawn: one made an interval before would flatter.",
		"short",
		flux(pastBand),
		flux(actual),
	).size(24, 9).stepped().
		override("P90", append(edge[:3:3], custom("fillBelowTo", "P10"), custom("fillOpacity", 18))...).
		override("P10", edge...).
		override("Actual", actualLine()...).
		overrideLike("/^Believed at lead /", pastLine()...)
}

func bars(title, description string, t target) panel {
	p := lines(title, description, "short", t).size(24, 5).colours("Error", blue).plain().
		none("No scores in this range")
	p.FieldConfig.Defaults.Custom["drawStyle"], p.FieldConfig.Defaults.Custom["fillOpacity"] = "bars", 60
	return p
}

func leads() panel {
	p := newPanel(
		"barchart",
		"WAPE and skill by lead",
		"WAPE: errors as a share of what came. Skill: what the quantiles gain on the same hour "+
			"of the day before; below 0 that rule would have been better. In the range, by lead.",
		"percentunit",
		flux(byLead),
	).size(8, 9).colours("WAPE", orange, "Skill", blue).none("No scores in this range")
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
		"state-timeline",
		"Quality of the readings",
		"What the sender said of each reading. An empty place is a reading that did not come.",
		"string",
		flux(senderQuality),
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

// stepped draws the value of an interval from its start to the start of the next one.
func (p panel) stepped() panel {
	p.FieldConfig.Defaults.Custom["lineInterpolation"] = "stepAfter"
	return p
}

// plain hides the legend, for a chart whose title says enough.
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
