/*
Package engine is the pure core of a partition: readings go in, in the order of
their log, and forecasts come out. The forecaster, the backtest and the trainer's
judgement run the same engine, so a backtest measures what serves.

The type to start with is Engine. It does no I/O, reads no clock and starts no
goroutine. Its state and its results are a function of the calls that were made, in
their order (I4). How messages are cut into batches does not matter: Step gives the
same states and forecasts whether it gets them one by one or a thousand at once. An
Engine is not safe for concurrent use; one goroutine owns it.

# The loop of the caller

The engine needs a caller that owns the log, the clock and the disk. This is the loop
that services/forecaster runs for each partition, without its errors:

	e := engine.New()
	if snap := newestCheckpoint(); snap != nil {
		e.SetModel(modelByDigest(snap.Model)) // the model that was in force
		e.Restore(snap.Sections)
	}
	for batch := range log.From(snap.Seq + 1) {
		for _, part := range cutAtControlRecords(batch) {
			switch {
			case part.IsReadings():
				result = e.Step(decode(part)) // Message numbers ascend
			case part.IsTick():
				result = e.Tick(part.Time, part.Message)
			case part.IsModel():
				e.SetModel(modelByDigest(part.Digest))
			case part.IsSetting():
				e.Configure(part.Pattern, part.Setting)
			case part.IsLimit():
				e.Limit(part.Series)
			case part.IsDeletion():
				e.Delete(part.Series)
			}
			publish(result)
		}
		if due() {
			waitUntilStored() // I1: outputs first, then the position
			save(e.Snapshot(), batch.Last().Seq)
		}
	}

The rules of this contract:

  - Every call that changes state (Step, Tick, SetModel, Configure, Limit, Insert,
    Delete) belongs to a position of the log. After a restart the same calls must come
    in the same order, or the outputs differ from those that were published.
  - Reading.Message and the message of a tick ascend within a batch. They tell the
    caller which message a forecast, a score or a rejection answers. Reading.Received
    is the log's time of the message and never the time of the caller's clock.
  - Step returns one forecast for each message that changed its series and is not
    history, at the series' newest origin after that message.
  - A rejected reading changes nothing. Result.Rejections names the reading, the reason
    and the remedy. A held reading waits for a second one to agree; a later Result
    counts it as applied or rejected.
  - Configure and Delete return events about limits that are no longer passed. They belong to the
    record of the call.
  - Tick must be called while Live returns true, often enough for the caller's idea of
    silence. Where nothing is live a tick has no effect.
  - Restore replaces all state. Call SetModel before it, with the model that was in
    force at the snapshot. When Restore returns an error, the engine is as it was.
  - When SetModel returns an error, the model in force stays.

# Memory

Step reads the slice of readings and keeps nothing of it. The slices of a Result belong
to the caller, except Forecast.Levels, which all forecasts share and nobody may change.
Snapshot copies the state; its bytes belong to the caller. A series takes 4.4 KB at 64
LSTM units. Limit bounds the number of series; without a call of Limit there is no
bound.

# What happens inside

An engine has a cohort for each interval: the series of that interval and the model that
serves them. State lies in slabs, one row for each series. A series whose interval no
model serves has a view, a second row in the cohort of the next coarser model, whose
cells are joined from its own. Step cuts a batch into rounds that hold at most one
reading of a series. For each round, and in it cohort by cohort from the finest on:

	observe    puts each reading onto the grid of its series (pkg/grid): units, order,
	           limits; which cells of which rings are new or changed
	advance    walks these series up to their newest cell, cell by cell and side by
	           side: judges the value, fills what is missing or implausible, updates
	           ring and scale, and takes one LSTM step
	score      compares forecasts that waited with the actuals that arrived
	join       brings views up to their series
	forecast   head of the network, quantiles, or the simple rule; what the series can be (no
	           negative quantile where no reading was, no band of no width); its limit

walk is the only way to a state. A series has two hidden states: settled, after the
newest cell that can no longer change, and live, after the newest cell. A late reading
changes its cell, sets the live state back to the settled one, and walks all open cells
again. The result is what the order of time would have given, to the bit. After a change
of model, scale, zone or country the settled state is computed again from the ring, at
the next reading of the series (I6).

Sections of a Snapshot are documented in docs/format/checkpoint.md, byte by byte.
*/
package engine
