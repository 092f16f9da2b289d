package main

// Scores by the maker of the forecast: the model in force, a model before it, or a rule.
const (
	skillByMaker = `1 - sum by (alias) (increase(loadtide_forecaster_score_paired_pinball_total{lead="$lead"}[24h]))
  / sum by (alias) (increase(loadtide_forecaster_score_pinball_naive_total{lead="$lead"}[24h]))`
	lossByMaker = `sum by (alias) (increase(loadtide_forecaster_score_pinball_total{lead="$lead"}[24h]))
  / sum by (alias) (increase(loadtide_forecaster_score_actual_total{lead="$lead"}[24h]))`
	errorByMaker = `sum by (alias) (increase(loadtide_forecaster_score_error_total{lead="$lead"}[24h]))
  / sum by (alias) (increase(loadtide_forecaster_score_actual_total{lead="$lead"}[24h]))`
	bandByMaker = `sum by (alias) (increase(loadtide_forecaster_score_covered_total{lead="$lead",band="80"}[24h]))
  / sum by (alias) (increase(loadtide_forecaster_scores_total{lead="$lead"}[24h]))`
	leadsOfChampion = `1 - sum by (interval, lead) (increase(loadtide_forecaster_score_paired_pinball_total{alias="champion"}[$__range]))
  / sum by (interval, lead) (increase(loadtide_forecaster_score_pinball_naive_total{alias="champion"}[$__range]))`
	lossOfChampion = `sum by (interval, lead) (increase(loadtide_forecaster_score_pinball_total{alias="champion"}[$__range]))
  / sum by (interval, lead) (increase(loadtide_forecaster_score_actual_total{alias="champion"}[$__range]))`
	inForceSince = `max by (alias, interval, version) (loadtide_forecaster_model_info)
  * on (alias, interval) group_left () max by (alias, interval) (loadtide_forecaster_model_since_timestamp_seconds) * 1000`
)

// cycles has the events of trainings and of models.
const cycles = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "event" and r._field == "text" and r.kind =~ /^(model|training)[.]/ and r.kind != "training.progress")
  |> group()
  |> keep(columns: ["_time", "kind", "_value"])
  |> rename(columns: {_time: "Time", kind: "Event", _value: "Text"})
  |> sort(columns: ["Time"], desc: true)
  |> limit(n: 100)`

func models() dashboard {
	d := newDashboard(
		"models",
		"Loadtide / Models",
		"Are the models in force good, since when do they serve, and is the next one better?",
		"now-30d",
		"now",
		"30s",
	)
	d.Annotations.List = append(
		d.Annotations.List, events("Model changes", blue, "", swaps...),
		events("Drift", orange, "", drift...),
	)
	d.Links = append(
		d.Links,
		outward(
			"Runs and versions in MLflow",
			"Only where the registry is MLflow",
			"${mlflow}/#/models",
		),
	)
	d.Templating.List = []variable{
		leadVariable(),
		textVariable(
			"mlflow", "MLflow", "Address of MLflow as the browser reaches it, for the link.",
			"http://127.0.0.1:5000",
		),
	}
	d.Panels = layout(
		modelAnswer(),
		row("How good, by who made the forecast"),
		makerPanels(),
		championPanels(),
		row("Training"),
		trainingPanels(),
		trainingLog(),
	)
	return d
}

// makerPanels compares the makers of forecasts at the chosen lead.
func makerPanels() []panel {
	return []panel{
		lines(
			"Skill at lead $lead",
			"What the quantiles gain on the same hour of the day before, last 24 h at each "+
				"point. champion: the one in force. base: the base model. previous: a champion "+
				"before it. rule: no network.",
			"percentunit",
			over(skillByMaker, "{{alias}}"),
		).tintMakers().
			steps("transparent", 0.0, grey).
			drawSteps().
			size(6, 8).
			none("No scores yet"),
		lines(
			"Loss at lead $lead (wQL)",
			"Pinball loss as a share of what came, last 24 h at each point, each score divided "+
				"by its series' usual size. Lower is better.",
			"percentunit",
			over(lossByMaker, "{{alias}}"),
		).tintMakers().
			from(0).
			size(6, 8).
			none("No scores yet"),
		lines(
			"Error at lead $lead (WAPE)",
			"Absolute error of the median as a share of what came, last 24 h at each point, each "+
				"score divided by its series' usual size. Lower is better.",
			"percentunit",
			over(errorByMaker, "{{alias}}"),
		).tintMakers().
			from(0).
			size(6, 8).
			none("No scores yet"),
		lines(
			"80 % band held at lead $lead",
			"Share of actuals inside the band that should hold 8 of 10, last 24 h at each point. "+
				"The dashed lines are 78 and 82 %.",
			"percentunit",
			over(bandByMaker, "{{alias}}"),
		).tintMakers().
			between(0, 1).
			steps("transparent", 0.78, ok, 0.82, ok).
			drawSteps().
			size(6, 8).
			none("No scores yet"),
	}
}

// championPanels shows the models in force, by lead.
func championPanels() []panel {
	return []panel{
		gauges(
			"Skill by lead, models in force",
			"What the model in force for each interval gained on the same hour of the day before in the "+
				"range, by lead.",
			now(leadsOfChampion, "{{interval}}, lead {{lead}}"),
		).
			steps(bad, 0.0, warn, 0.1, ok).between(-0.5, 1),
		gauges(
			"Loss by lead, models in force (wQL)",
			"Pinball loss as a share of what came, in the range, by interval and lead. Lower is "+
				"better.",
			now(lossOfChampion, "{{interval}}, lead {{lead}}"),
		).
			steps(blue).from(0),
		table(
			"Served since",
			"The versions that serve, by alias and interval, and since when each has been in "+
				"force.",
			"dateTimeAsIso",
			rows(inForceSince),
		).size(8, 8).
			only("alias", "interval", "version", "Value").titled("Value", "In force since").
			none("No model yet"),
	}
}

// trainingLog shows the losses of the training under way, and the events of trainings and models.
func trainingLog() []panel {
	return []panel{
		lines(
			"Loss of the training under way",
			"Mean pinball loss in scaled units, on training and validation windows.",
			"short",
			over(
				`max by (on) (loadtide_trainer_training_loss_ratio)`,
				"{{on}}",
			),
		).colours("training", blue, "validation", orange).
			from(0).
			size(12, 9),
		table(
			"What happened",
			"Trainings and changes of model as told on the stream EVENTS; of a training that has ended "+
				"the text is the gate's verdict.",
			"short",
			flux(cycles),
		).
			override("Time", custom("width", 170)).override("Event", custom("width", 150)).
			only("Time", "Event", "Text").none("No training and no change in this range"),
	}
}

func modelAnswer() []panel {
	return []panel{
		stat(
			"Models in force",
			"Versions behind the alias champion, by the interval of the series that they serve.",
			"string",
			now(
				`max by (interval, version) (loadtide_forecaster_model_info{alias="champion"})`,
				"{{interval}} v{{version}}",
			),
		).named().
			steps(blue).
			none("No model yet").
			runbook("operations.md#models"),
		stat(
			"In force since",
			"When the newest champion was put into the logs.",
			"dateTimeFromNow",
			now(
				`max(loadtide_forecaster_model_since_timestamp_seconds{alias="champion"}) * 1000`,
				"since",
			),
		).none("No model yet"),
		stat(
			"Skill, last 24 h",
			"What all forecasts at the chosen lead gained on the same hour of the day before. Below 0 "+
				"the plain rule would have been better.",
			"percentunit",
			over(skillNow, "skill"),
		).
			steps(bad, 0.0, warn, 0.1, ok).none("No scores yet").
			runbook("alerts.md#loadtideskillbelownaive"),
		stat(
			"Changes of model",
			"Logs that took another version in the range, and versions that were refused. A "+
				"version is one change in each partition.",
			"short",
			now(
				`sum by (outcome) (increase(loadtide_forecaster_model_swaps_total[$__range])) or `+
					`label_replace(vector(0), "outcome", "ok", "", "")`,
				"{{outcome}}",
			),
		).colours("ok", ok, "refused", bad, "failed", warn).
			runbook("alerts.md#loadtidemodelrefused"),
		stat(
			"Last version registered",
			"When a training last ended with a version in the registry.",
			"dateTimeFromNow",
			now(
				`(max(loadtide_trainer_training_last_success_timestamp_seconds) > 0) * 1000`,
				"registered",
			),
		).none("None yet").
			runbook("alerts.md#loadtidetrainingstuck"),
		stat(
			"Registry answers",
			"Whether the model registry answered last. While it does not, the model in force "+
				"serves on and finished models wait.",
			"short",
			now(
				`min(loadtide_trainer_registry_up)`,
				"registry",
			),
		).mapped([]object{{"type": "value", "options": object{
			"0": object{
				"text":  "no",
				"color": bad,
				"index": 0,
			}, "1": object{"text": "yes", "color": ok, "index": 1}}}}).
			runbook("alerts.md#loadtideregistryaway"),
	}
}

func trainingPanels() []panel {
	return []panel{
		stat(
			"Trainings by outcome",
			"Training cycles in the range: promoted serves, refused was not better, failed and "+
				"interrupted registered nothing.",
			"short",
			now(
				`sum by (outcome) (increase(loadtide_trainer_training_runs_total[$__range]))`,
				"{{outcome}}",
			),
		).size(6, 8).
			colours("promoted", ok, "refused", warn, "failed", bad, "interrupted", grey).
			runbook("alerts.md#loadtidetrainingfailed"),
		lines(
			"Under way",
			"Share of the iterations that are done of the training under way; 0 to 1.",
			"percentunit",
			over(
				`max(loadtide_trainer_training_progress_ratio) * `+
					`max(loadtide_trainer_training_running)`,
				"done",
			),
		).size(6, 8).
			colours("done", blue).
			between(0, 1),
		stat(
			"Time of a training, mean",
			"From reading history to the registry, in the range.",
			"s",
			now(
				`sum(increase(loadtide_trainer_training_duration_seconds_sum[$__range])) / `+
					`sum(increase(loadtide_trainer_training_duration_seconds_count[$__range]))`,
				"mean",
			),
		).size(4, 8).none("No training in this range"),
		gauges(
			"Requests for a training",
			"By trigger and answer, in the range.",
			now(
				`sum by (trigger, answer) `+
					`(increase(loadtide_trainer_training_requests_total[$__range])) > 0`,
				"{{trigger}}: {{answer}}",
			),
		).
			unit("short").
			steps(blue).
			from(0).
			size(4, 8).
			none("None in this range"),
		gauges(
			"Refused by the gate, by check",
			"Versions that the gate refused, by each check that failed, in the range.",
			now(
				`sum by (check) (increase(loadtide_trainer_gate_refusals_total[$__range]))`,
				"{{check}}",
			),
		).
			unit("short").
			steps(warn).
			from(0).
			size(4, 8),
	}
}

// gauges returns a panel of bars, one for each value of a query.
func gauges(title, description string, t target) panel {
	p := newPanel("bargauge", title, description, "percentunit", t).size(8, 8).
		none("No scores in this range")
	p.Options = object{
		"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		"orientation":   "horizontal", "displayMode": "basic", "valueMode": "color",
		"namePlacement": "auto", "showUnfilled": true, "sizing": "auto",
		"minVizWidth": 8, "minVizHeight": 16, "maxVizHeight": 300,
		"legend": object{
			"displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": []string{},
		},
	}
	return p
}

func (p panel) unit(unit string) panel {
	p.FieldConfig.Defaults.Unit = unit
	return p
}

// named shows the names of the series, not their values.
func (p panel) named() panel {
	p.Options["textMode"] = "name"
	return p
}

// only keeps these columns of a table, in this order. Servers return columns in the order of their
// names.
func (p panel) only(columns ...string) panel {
	order := object{}
	for i, c := range columns {
		order[c] = i
	}
	p.Transformations = append(
		p.Transformations,
		transformation{"filterFieldsByName", object{"include": object{"names": columns}}},
		transformation{
			"organize",
			object{"indexByName": order, "renameByName": object{}, "excludeByName": object{}},
		},
	)
	return p
}

func (p panel) titled(column, title string) panel {
	return p.override(column, property{"displayName", title})
}

// tintMakers gives the makers of forecasts their colours.
func (p panel) tintMakers() panel {
	return p.colours("champion", blue, "base", violet, "previous", orange, "rule", grey)
}
