package main

// ours keeps the samples of Loadtide's own processes, for any names of jobs.
const ours = ` and on (job, instance) loadtide_build_info`

func pipeline() dashboard {
	d := newDashboard(
		"pipeline", "Loadtide / Pipeline",
		"Where does it queue? For each stage from the log to InfluxDB: how busy it is, what waits "+
			"before it, what went wrong.",
		"now-3h", "now", "30s",
	)
	d.Annotations.List = append(d.Annotations.List, fleetEvents()...)
	d.Panels = layout(
		pipelineAnswer(),
		row("Readings come in"),
		readingPanels(),
		row("Forecaster"),
		partitionPanels(),
		batchPanels(),
		checkpointPanels(),
		row("Recorder and InfluxDB"),
		recorderPanels(),
		writePanels(),
		row("Processes"),
		processPanels(),
	)
	return d
}

// readingPanels shows the readings by outcome and reason.
func readingPanels() []panel {
	return []panel{
		stacked(
			"Readings by outcome",
			"Readings a second. applied: changed their series. repeated: known already. held: "+
				"waits for another one to agree.",
			"suffix:/s",
			over(
				`sum by (outcome) (rate(loadtide_forecaster_readings_total[$__rate_interval]))`,
				"{{outcome}}",
			),
		).
			size(6, 8).
			colours("applied", ok, "repeated", grey, "held", warn, "rejected", bad),
		lines(
			"Rejected by reason",
			"Readings refused, a second. Each is on the stream REJECTED with its reason and its "+
				"text.",
			"suffix:/s",
			over(
				`sum by (reason) `+
					`(rate(loadtide_forecaster_readings_rejected_total[$__rate_interval])) > 0`,
				"{{reason}}",
			),
		).size(6, 8).none("Nothing was rejected in this range"),
		lines(
			"Readings that no log took",
			"Readings published while the account has no mapping, a second. They are lost: load the "+
				"mapping of deployments/nats/nats.conf, and publish them again.",
			"suffix:/s",
			over(`sum(rate(loadtide_forecaster_readings_unmapped_total[$__rate_interval]))`, "not mapped"),
		).size(6, 8).colours("not mapped", bad).runbook("alerts.md#loadtidereadingsunmapped"),
		lines(
			"Registers that did not count on",
			"Registers that fell or jumped, by what was decided, a second.",
			"suffix:/s",
			over(
				`sum by (decision) (rate(loadtide_forecaster_registers_total[$__rate_interval]))`,
				"{{decision}}",
			),
		).size(6, 8).
			colours("reset", blue, "roll_over", grey, "exchange", orange),
	}
}

// partitionPanels shows the backlog of the logs, and how busy the forecaster is.
func partitionPanels() []panel {
	return []panel{
		lines(
			"Waiting, by partition",
			"Messages in the log that are not read yet. One that alone grows is a partition with "+
				"more series than its owner can serve.",
			"short",
			over(
				`max by (partition) (loadtide_forecaster_consumer_pending_messages)`,
				"partition {{partition}}",
			),
		).from(0),
		lines(
			"Reading to forecast",
			"From the broker's timestamp of a reading to its forecast stored; what a restart "+
				"reads again is left out.",
			"s",
			over(
				`histogram_quantile(0.5, sum by (le) `+
					`(rate(loadtide_forecaster_reading_age_seconds_bucket[$__rate_interval])))`,
				"p50",
			),
			over(
				`histogram_quantile(0.99, sum by (le) `+
					`(rate(loadtide_forecaster_reading_age_seconds_bucket[$__rate_interval])))`,
				"p99",
			),
		).
			colours("p50", blue, "p99", orange).
			from(0).
			steps("transparent", 0.05, warn, 1.0, bad).
			drawSteps(),
		lines(
			"Busy, by stage",
			"Seconds of work in a second, summed over partitions: step computes, publish waits "+
				"for the broker, store writes what was published.",
			"percentunit",
			over(
				`sum by (stage) `+
					`(rate(loadtide_forecaster_step_duration_seconds_sum[$__rate_interval]))`,
				"{{stage}}",
			),
		).tintStages().
			from(0),
	}
}

// batchPanels shows the batches of the forecaster.
func batchPanels() []panel {
	return []panel{
		lines(
			"Time of a batch, by stage, p99",
			"How long one batch takes in each stage.",
			"s",
			over(
				`histogram_quantile(0.99, sum by (le, stage) `+
					`(rate(loadtide_forecaster_step_duration_seconds_bucket[$__rate_interval])))`,
				"{{stage}}",
			),
		).tintStages().from(0),
		lines(
			"Series in a batch",
			"Mean. Larger batches cost less a series; one alone means that readings come slowly.",
			"short",
			over(
				`sum(rate(loadtide_forecaster_batch_series_sum[$__rate_interval])) / `+
					`sum(rate(loadtide_forecaster_batch_series_count[$__rate_interval]))`,
				"series",
			),
		).
			colours("series", blue).
			from(0),
		stacked(
			"Forecasts",
			"Forecasts a second: published by who made them, and those that a start made again "+
				"and found published already.",
			"suffix:/s",
			over(
				`sum by (source) `+
					`(rate(loadtide_forecaster_forecasts_published_total[$__rate_interval]))`,
				"{{source}}",
			),
			over(
				`sum(rate(loadtide_forecaster_forecasts_replayed_total[$__rate_interval]))`,
				"made again",
			),
		).tintSources().
			colours("made again", "#9d8bd6"),
	}
}

// checkpointPanels shows checkpoints and failures.
func checkpointPanels() []panel {
	return []panel{
		lines(
			"Age of the checkpoints",
			"Since the last one of each partition. One without readings writes none: there it "+
				"grows and is harmless.",
			"s",
			over(
				`time() - max by (partition) `+
					`(loadtide_forecaster_checkpoint_last_success_timestamp_seconds)`,
				"partition {{partition}}",
			),
		).
			from(0).
			steps("transparent", 60.0, warn, 300.0, bad).
			drawSteps().
			none("No checkpoint yet"),
		lines(
			"Time to write a checkpoint, p99",
			"Writing and syncing one.",
			"s",
			over(
				`histogram_quantile(0.99, sum by (le) `+
					`(rate(loadtide_forecaster_checkpoint_duration_seconds_bucket[5m])))`,
				"p99",
			),
		).colours("p99", orange).from(0).none("No checkpoint in this range"),
		lines(
			"Went wrong",
			"Checkpoints that could not be written, holes in a log (readings that retention took "+
				"before they were read), partitions started again after a failure, forecasts "+
				"that were never scored, and scores that a correction changed. The first three "+
				"should be flat.",
			"short",
			over(
				`sum(increase(loadtide_forecaster_checkpoint_failures_total[$__rate_interval]))`,
				"checkpoints failed",
			),
			over(
				`sum(increase(loadtide_forecaster_log_holes_total[$__rate_interval]))`,
				"holes in a log",
			),
			over(
				`sum(increase(loadtide_forecaster_partition_restarts_total[$__rate_interval]))`,
				"partitions started again",
			),
			over(
				`sum(increase(loadtide_forecaster_scores_missed_total[$__rate_interval]))`,
				"scores missed",
			),
			over(
				`sum(increase(loadtide_forecaster_scores_revised_total[$__rate_interval]))`,
				"scores revised",
			),
		).
			colours(
				"checkpoints failed", bad, "holes in a log", warn, "partitions started again", blue,
				"scores missed", orange, "scores revised", grey,
			).
			from(0),
	}
}

// writePanels shows the writes to InfluxDB.
func writePanels() []panel {
	return []panel{
		lines(
			"Time of a write, p99",
			"One write request to InfluxDB, failed ones included.",
			"s",
			over(
				`histogram_quantile(0.99, sum by (le) `+
					`(rate(loadtide_recorder_write_duration_seconds_bucket[$__rate_interval])))`,
				"p99",
			),
		).colours("p99", orange).
			from(0),
		lines(
			"Since the last write that was stored",
			"Grows while InfluxDB is away or nothing comes; what waits is kept by the streams.",
			"s",
			over(
				`time() - max(loadtide_recorder_write_last_success_timestamp_seconds)`,
				"since",
			),
		).colours("since", blue).
			from(0),
		lines(
			"Not recorded",
			"Messages that could not be read, and those that the streams gave up before InfluxDB "+
				"took them. Both should be flat.",
			"short",
			over(
				`sum by (outcome) (increase(loadtide_recorder_messages_total{outcome!="stored"}[$__rate_interval]))`,
				"{{outcome}}",
			),
		).colours("unreadable", warn, "lost", bad).
			from(0),
	}
}

// processPanels shows the resources of the processes.
func processPanels() []panel {
	return []panel{
		lines(
			"CPU",
			"Cores in use, by process.",
			"short",
			over(
				`rate(process_cpu_seconds_total[$__rate_interval])`+ours,
				"{{job}} {{instance}}",
			),
		).from(0),
		lines(
			"Memory",
			"Resident memory, by process.",
			"bytes",
			over(`process_resident_memory_bytes`+ours, "{{job}} {{instance}}"),
		).from(0),
		lines(
			"Goroutines",
			"By process; a steady climb is a leak.",
			"short",
			over(`go_goroutines`+ours, "{{job}} {{instance}}"),
		).from(0),
	}
}

// pipelineAnswer returns the first row.
func pipelineAnswer() []panel {
	return []panel{
		stat(
			"Readings/s",
			"Readings that changed their series, a second.",
			"suffix:/s",
			over(
				`sum(rate(loadtide_forecaster_readings_total{outcome="applied"}[$__rate_interval]))`,
				"applied",
			),
		),
		stat(
			"Waiting in the logs",
			"Messages that no forecaster has read yet.",
			"short",
			over(
				`sum(max by (partition) (loadtide_forecaster_consumer_pending_messages))`,
				"waiting",
			),
		).
			steps(ok, 1000.0, warn, 100000.0, bad).
			runbook("alerts.md#loadtidelaggrowing"),
		stat(
			"Reading to forecast, p99",
			"From the broker's timestamp of a reading to its forecast stored, last 5 minutes "+
				"with readings.",
			"s",
			over(agePercentile, "p99"),
		).
			steps(ok, 0.05, warn, 1.0, bad).runbook("alerts.md#loadtidelatencyburning"),
		stat(
			"Oldest checkpoint",
			"Of the partition where it is oldest. A partition without readings writes none: on a "+
				"silent fleet this grows and is harmless.",
			"s",
			over(
				`time() - min(max by (partition) `+
					`(loadtide_forecaster_checkpoint_last_success_timestamp_seconds))`,
				"age",
			),
		).steps(ok, 60.0, warn, 300.0, bad).
			none("No checkpoint yet").
			runbook("alerts.md#loadtidecheckpointstale"),
		stat(
			"Waiting for InfluxDB",
			"Messages that the recorder has not written yet. Forecasts go on meanwhile.",
			"short",
			over(`sum(loadtide_recorder_consumer_pending_messages)`, "waiting"),
		).
			steps(ok, 10000.0, warn, 1000000.0, bad).
			runbook("alerts.md#loadtiderecorderbacklog"),
		stat(
			"Rejected, last hour",
			"Readings refused in the last hour.",
			"short",
			over(`sum(increase(loadtide_forecaster_readings_rejected_total[1h]))`, "rejected"),
		).
			steps(ok, 1.0, warn, 1000.0, bad).
			runbook("alerts.md#loadtidereadingsrejected"),
	}
}

func recorderPanels() []panel {
	return []panel{
		lines(
			"Waiting for InfluxDB, by stream",
			"Messages that the recorder has not written yet.",
			"short",
			over(
				`sum by (stream) (loadtide_recorder_consumer_pending_messages)`,
				"{{stream}}",
			),
		).colours("readings", ink, "forecasts", blue, "scores", orange, "events", grey).
			from(0),
		stacked(
			"Points by outcome",
			"Points for InfluxDB a second. refused: InfluxDB did not take it, each is listed on "+
				"REJECTED. expired: older than the bucket keeps.",
			"suffix:/s",
			over(
				`sum by (outcome) (rate(loadtide_recorder_points_total[$__rate_interval]))`,
				"{{outcome}}",
			),
		).colours("stored", ok, "refused", bad, "expired", grey),
		lines(
			"Writes by outcome",
			"Write requests a second; those that failed are tried again.",
			"suffix:/s",
			over(
				`sum by (outcome) (rate(loadtide_recorder_writes_total[$__rate_interval])) > 0`,
				"{{outcome}}",
			),
		).colours("stored", ok),
	}
}

// tintStages gives the stages of a batch their colours.
func (p panel) tintStages() panel {
	return p.colours("step", blue, "publish", orange, "store", grey)
}
