package main

// Sums over all replicas and makers of forecasts. All scores have the same weight, because each is
// divided by the mean size of the readings of its series.
const (
	skillNow = `1 - sum(increase(loadtide_forecaster_score_paired_pinball_total{lead="$lead"}[24h]))
  / sum(increase(loadtide_forecaster_score_pinball_naive_total{lead="$lead"}[24h]))`
	bandNow = `sum(increase(loadtide_forecaster_score_covered_total{lead="$lead",band="80"}[24h]))
  / sum(increase(loadtide_forecaster_scores_total{lead="$lead"}[24h]))`
	skillByLead = `1 - sum by (interval, lead) (increase(loadtide_forecaster_score_paired_pinball_total[24h]))
  / sum by (interval, lead) (increase(loadtide_forecaster_score_pinball_naive_total[24h]))`
	bandByLead = `sum by (interval, lead) (increase(loadtide_forecaster_score_covered_total{band="80"}[24h]))
  / sum by (interval, lead) (increase(loadtide_forecaster_scores_total[24h]))`
	agePercentile = `histogram_quantile(0.99, sum by (le) ` +
		`(rate(loadtide_forecaster_reading_age_seconds_bucket[5m])))`
)

// worst has the series whose forecasts gain least on the naive rule. It compares means and not
// sums, because the rule has no value on the first day of a series. Sums and counts are two
// queries, because InfluxDB computes a sum in its storage only when the rows are used once: 1,000
// series of a week take one second, and ten seconds with one query.
const worst = `sums = from(bucket: v.defaultBucket)
  |> range(start: -7d)
  |> filter(fn: (r) => r._measurement == "score" and r.lead == "${lead}")
  |> filter(fn: (r) => r._field == "pinball" or r._field == "pinball_naive" or r._field == "covered80" or r._field == "count")
  |> sum()
known = from(bucket: v.defaultBucket)
  |> range(start: -7d)
  |> filter(fn: (r) => r._measurement == "score" and r.lead == "${lead}" and r._field == "pinball_naive")
  |> count()
  |> set(key: "_field", value: "known")
union(tables: [sums, known])
  |> pivot(rowKey: ["site", "meter"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> filter(fn: (r) => exists r.pinball_naive and r.pinball_naive > 0.0 and r.count > 0)
  |> map(fn: (r) => ({
    site: r.site,
    meter: r.meter,
    Skill: 1.0 - r.pinball / float(v: r.count) / (r.pinball_naive / float(v: r.known)),
    "Band held": float(v: r.covered80) / float(v: r.count),
    Scores: r.count,
  }))
  |> sort(columns: ["Skill"])
  |> limit(n: 50)`

// silent has the meters that lag behind the newest reading of the fleet. It does not compare them
// with the wall clock, so that meters of a replay are not silent.
const silent = `import "array"
import "date"
last = from(bucket: v.defaultBucket)
  |> range(start: -60d)
  |> filter(fn: (r) => r._measurement == "reading" and r._field == "value")
  |> last()
  |> keep(columns: ["_time", "site", "meter"])
  |> group()
none = array.from(rows: [{_time: time(v: 0), site: "", meter: ""}])
newest = (union(tables: [last, none]) |> sort(columns: ["_time"], desc: true) |> limit(n: 1) |> findRecord(fn: (key) => true, idx: 0))._time
last
  |> filter(fn: (r) => r._time < date.sub(d: 3h, from: newest))
  |> rename(columns: {_time: "Last reading"})
  |> sort(columns: ["Last reading"])
  |> limit(n: 50)`

// badReadings counts the readings that their sender marked as not OK, by series and quality.
const badReadings = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "reading" and r._field == "quality")
  |> filter(fn: (r) => r._value != "" and r._value != "OK")
  |> duplicate(column: "_value", as: "Quality")
  |> group(columns: ["site", "meter", "Quality"])
  |> count()
  |> group()
  |> rename(columns: {_value: "Readings"})
  |> sort(columns: ["Readings"], desc: true)
  |> limit(n: 50)`

// passedLimits has the series whose last event about their limit says that it is passed.
const passedLimits = `from(bucket: v.defaultBucket)
  |> range(start: -60d)
  |> filter(fn: (r) => r._measurement == "event" and r._field == "text" and (r.kind == "limit.passed" or r.kind == "limit.cleared"))
  |> group(columns: ["site", "meter"])
  |> sort(columns: ["_time"])
  |> last()
  |> filter(fn: (r) => r.kind == "limit.passed")
  |> group()
  |> keep(columns: ["_time", "_value", "site", "meter"])
  |> rename(columns: {_time: "Since", _value: "Limit"})
  |> sort(columns: ["Since"], desc: true)
  |> limit(n: 50)`

func fleet() dashboard {
	d := newDashboard(
		"fleet", "Loadtide / Fleet",
		"Are all meters forecast, and well? The first row is the answer, what is below says why.",
		"now-24h", "now", "30s",
	)
	d.Annotations.List = append(d.Annotations.List, fleetEvents()...)
	d.Templating.List = []variable{leadVariable()}
	d.Panels = layout(
		fleetAnswer(),
		row("How good"),
		fleetQuality(),
		fleetSeries(),
		row("Which meters"),
		fleetMeters(),
		row("Limits"),
		fleetLimits(),
	)
	return d
}

// fleetQuality shows how good the forecasts are.
func fleetQuality() []panel {
	return []panel{
		lines(
			"Skill by lead",
			"What the forecasts gain on the same hour of the day before, last 24 h at each "+
				"point, by interval and lead. 0 is no better, 1 is perfect.",
			"percentunit",
			over(skillByLead, "{{interval}}, lead {{lead}}"),
		).steps("transparent", 0.0, grey).
			drawSteps(),
		lines(
			"80 % band held, by lead",
			"Share of actuals inside the band that should hold 8 of 10, last 24 h at each point, "+
				"by interval and lead. The dashed lines are 78 and 82 %.",
			"percentunit",
			over(bandByLead, "{{interval}}, lead {{lead}}"),
		).between(0, 1).
			steps("transparent", 0.78, ok, 0.82, ok).
			drawSteps(),
		stacked(
			"Series by source",
			"Who makes the forecasts: the network, or a rule as long as there is too little "+
				"history or no model. none: known, not forecast.",
			"short",
			over(`sum by (source) (loadtide_forecaster_series)`, "{{source}}"),
		).tintSources().
			none("No series yet"),
	}
}

// fleetSeries shows the series by state, and the forecasts by source.
func fleetSeries() []panel {
	return []panel{
		stacked(
			"Series by state",
			"current: its readings come as they should. behind: its log is not read to the end. "+
				"silent: nothing came for long. past: history or a replay, not judged.",
			"short",
			over(`sum by (state) (loadtide_forecaster_series)`, "{{state}}"),
		).size(12, 7).
			colours("current", ok, "behind", warn, "silent", bad, "past", grey).
			none("No series yet"),
		stacked(
			"Forecasts published, by source",
			"Forecasts a second by who made them.",
			"suffix:/s",
			over(
				`sum by (source) `+
					`(rate(loadtide_forecaster_forecasts_published_total[$__rate_interval]))`,
				"{{source}}",
			),
		).size(12, 7).tintSources(),
	}
}

// fleetMeters lists the meters that need a look.
func fleetMeters() []panel {
	return []panel{
		seriesTable(
			table(
				"Worst 50",
				"Series that gain least on the same hour of the day before at the chosen lead, "+
					"last 7 days. Below 0 the plain rule would have been better.",
				"short",
				flux(worst),
			).
				override("Skill", property{"unit", "percentunit"}, property{"decimals", 0}, property{"min", -1}, property{"max", 1},
					custom(
						"cellOptions",
						object{"type": "gauge", "mode": "basic", "valueDisplayMode": "color"},
					), property{"thresholds", thresholds{"absolute", []step{{bad, nil}, {warn, to(0.0)}, {ok, to(0.1)}}}}, property{"color", object{"mode": "thresholds"}}).
				override("Band held", property{"unit", "percentunit"}, property{"decimals", 0}),
		).only("site", "meter", "Skill", "Band held", "Scores").
			none("No scores yet: they come with the first actuals"),
		seriesTable(
			table(
				"Silent meters",
				"Last reading more than 3 h before the newest one of the fleet. Meters with a "+
					"longer interval than that are listed too.",
				"short",
				flux(silent),
			).
				override("Last reading", property{"unit", "dateTimeFromNow"}),
		).only("site", "meter", "Last reading").
			size(6, 9).
			none("None is silent"),
		seriesTable(
			table(
				"Flagged readings",
				"Readings of the range that their sender marked as not OK, by meter and mark.",
				"short",
				flux(badReadings),
			).
				override("Quality", property{"mappings", quality()}, custom("cellOptions", object{"type": "color-text"})),
		).only("site", "meter", "Quality", "Readings").
			size(6, 9).
			none("None is flagged"),
	}
}

// fleetLimits shows the series that pass their limit.
func fleetLimits() []panel {
	return []panel{
		lines(
			"Series past their limit",
			"Series whose forecasts pass the limit that is set for them (series set --limit), by "+
				"the chance that is set. 0 is good; without limits it is always 0.",
			"short",
			over(`sum(loadtide_forecaster_limit_passed_series)`, "series"),
		).colours("series", warn).
			from(0),
		seriesTable(
			table(
				"Passed limits",
				"Series whose forecasts pass their limit, the newest first, with what the event "+
					"said then.",
				"short",
				flux(passedLimits),
			).
				override("Since", property{"unit", "dateTimeAsIso"}, custom("width", 170)).
				size(16, 8),
		).only("site", "meter", "Since", "Limit").
			none("No limit is passed"),
	}
}

// fleetAnswer returns the first row.
func fleetAnswer() []panel {
	return []panel{
		stat(
			"Meters up to date",
			"Share of the series whose readings come as they should, of all that are judged: "+
				"history and replays are not.",
			"percentunit",
			over(`(sum(loadtide_forecaster_series{state="current"}) or vector(0))
  / (sum(loadtide_forecaster_series{state!="past"}) > 0)`, "current"),
		).steps(bad, 0.95, warn, 0.99, ok).
			none("No live readings yet").
			runbook("alerts.md#loadtidemeterssilent"),
		stat(
			"Reading to forecast, p99",
			"From the broker's timestamp of a reading to its forecast stored, last 5 minutes "+
				"with readings.",
			"s",
			over(
				agePercentile,
				"p99",
			),
		).steps(ok, 0.05, warn, 1.0, bad).
			runbook("alerts.md#loadtidelatencyburning"),
		stat(
			"Skill, last 24 h",
			"What forecasts at the chosen lead gained on the same hour of the day before. Below "+
				"0 the plain rule would have been better.",
			"percentunit",
			over(
				skillNow,
				"skill",
			),
		).steps(bad, 0.0, warn, 0.1, ok).
			none("No scores yet").
			runbook("alerts.md#loadtideskillbelownaive"),
		stat(
			"80 % band held, last 24 h",
			"Share of actuals inside the band that should hold 8 of 10, at the chosen lead.",
			"percentunit",
			over(
				bandNow,
				"held",
			),
		).steps(bad, 0.75, warn, 0.78, ok, 0.82, warn, 0.85, bad).
			none("No scores yet").
			runbook("alerts.md#loadtidecoverageoutofband"),
		stat(
			"Forecasts/s",
			"Forecasts published, a second.",
			"suffix:/s",
			over(
				`sum(rate(loadtide_forecaster_forecasts_published_total[$__rate_interval]))`,
				"forecasts",
			),
		),
		stat(
			"Firing alerts",
			"Alerts of Prometheus that fire now.",
			"short",
			now(`count(ALERTS{alertstate="firing"}) or vector(0)`, "firing"),
		).
			steps(ok, 1.0, bad).
			none("Prometheus does not answer").
			runbook("alerts.md#alerts"),
	}
}

// seriesTable links each row of a table to its series.
func seriesTable(p panel) panel {
	open := []object{
		{
			"title": "Open the series",
			"url":   "/d/loadtide-series?var-site=${__data.fields.site}&var-meter=${__data.fields.meter}",
		},
	}
	return p.override("site", property{"links", open}).override("meter", property{"links", open})
}

// quality maps the words of the wire for qualities to texts and colours.
func quality() []object {
	return words(
		"OK",
		"OK",
		ok,
		"ESTIMATED",
		"ESTIMATED",
		warn,
		"MISSING",
		"MISSING",
		grey,
		"BAD",
		"BAD",
		bad,
		"",
		"not said",
		grey,
	)
}
