package main

// ofSeries is the condition for the rows of the chosen series.
const ofSeries = `r.site == "${site}" and r.meter == "${meter}"`

// ofInterval is the condition for the rows of the series with the interval of its forecasts.
// Release 0.1.0 wrote rows without an interval, all of hours.
const ofInterval = ofSeries + ` and (not exists r.interval or r.interval == "${interval}")`

// scores has the scores of the series at the chosen lead, in the range.
const scores = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "score" and ` + ofInterval + ` and r.lead == "${lead}")
`

// bands has the forecast from the running interval on, without labels, which would break the bands.
// It leaves out the past: the newest forecast of a past interval was made one interval before it,
// and would look too good.
const bands = `import "date"
from(bucket: v.defaultBucket)
  |> range(start: date.sub(d: ${interval}, from: now()), stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "forecast" and ` + ofInterval + ` and r._field =~ /^p(10|25|50|75|90)$/)
  |> keep(columns: ["_time", "_field", "_value"])
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> rename(columns: {p10: "P10", p25: "P25", p50: "Median", p75: "P75", p90: "P90"})`

// actual has the actuals in the range.
const actual = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "actual" and r._field == "value" and ` + ofInterval + `)
  |> keep(columns: ["_time", "_value"])
  |> rename(columns: {_value: "Actual"})`

// pastMedian has the medians that were forecast at the chosen lead.
const pastMedian = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "forecast_lead" and r._field == "p50" and r.lead == "${lead}" and ` + ofInterval + `)
  |> keep(columns: ["_time", "_value"])
  |> rename(columns: {_value: "Believed at lead ${lead}"})`

// pastBand has the medians that were forecast at the chosen lead, with their bands.
const pastBand = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "forecast_lead" and r._field =~ /^p(10|50|90)$/ and r.lead == "${lead}" and ` + ofInterval + `)
  |> keep(columns: ["_time", "_field", "_value"])
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> rename(columns: {p10: "P10", p50: "Believed at lead ${lead}", p90: "P90"})`

// errors has the errors of the medians at the chosen lead.
const errors = scores + `  |> filter(fn: (r) => r._field == "error" or r._field == "count")
  |> keep(columns: ["_time", "_field", "_value"])
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => r.count == 1)
  |> keep(columns: ["_time", "error"])
  |> rename(columns: {error: "Error"})`

// senderQuality has the quality that the sender gave for each reading.
const senderQuality = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "reading" and r._field == "quality" and ` + ofSeries + `)
  |> keep(columns: ["_time", "_value"])
  |> rename(columns: {_value: "Quality"})`

// qualityMarks has the qualities other than OK, as marks in the charts.
const qualityMarks = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "reading" and r._field == "quality" and ` + ofSeries + `)
  |> filter(fn: (r) => r._value != "" and r._value != "OK")
  |> keep(columns: ["_time", "_value"])
  |> map(fn: (r) => ({time: r._time, text: "reading marked " + r._value, tags: "quality"}))
  |> sort(columns: ["time"], desc: true)
  |> limit(n: 500)`

// markedPeriods has the periods that operators keep from the models and overlap the range, with their
// ends, and those that they give back.
const markedPeriods = `from(bucket: v.defaultBucket)
  |> range(start: -5y)
  |> filter(fn: (r) => r._measurement == "mark" and (r.site == "${site}" or r.site == "*") and (r.meter == "${meter}" or r.meter == "*"))
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> map(fn: (r) => ({
    time: time(v: r.from),
    timeEnd: time(v: r.until),
    text: if r.reason == "none" then "mark taken away" else "marked: " + r.reason + ", kept from the models",
    tags: r.site + "." + r.meter,
  }))
  |> filter(fn: (r) => r.time < v.timeRangeStop and r.timeEnd > v.timeRangeStart)
  |> sort(columns: ["time"], desc: true)
  |> limit(n: 200)`

// byLead sums the scores in the range by lead. Skill counts only the scores for which the loss of
// the naive rule is known.
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

// coverage has the share of actuals inside the band over the seven days before each point. It reads
// from seven days before the range on.
const coverage = `import "date"
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

// lastOf returns the query for a field of the forecast that reaches farthest, which is the newest.
func lastOf(field, as string) string {
	return `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "forecast" and r._field == "` + field + `" and ` + ofInterval + `)
  |> last()
  |> keep(columns: ["_value"])
  |> rename(columns: {_value: "` + as + `"})`
}

// until has the end of the newest forecast.
const until = `import "date"
from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "forecast" and r._field == "p50" and ` + ofInterval + `)
  |> group()
  |> sort(columns: ["_time"])
  |> last()
  |> map(fn: (r) => ({"Forecast until": int(v: date.add(d: ${interval}, to: r._time)) / 1000000}))`

// seriesEvents has the events of the series and those of no series.
const seriesEvents = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "event" and r._field == "text" and (not exists r.meter or ` + ofSeries + `))
  |> group()
  |> keep(columns: ["_time", "kind", "_value"])
  |> rename(columns: {_time: "Time", kind: "Event", _value: "Text"})
  |> sort(columns: ["Time"], desc: true)
  |> limit(n: 50)`
