// Daily sums of the scores of each series, interval and lead, from the bucket "loadtide" into
// "loadtide-daily": measurement score, tags site, meter, interval and lead, one row a day at its
// start in UTC. Sums add up over days, series and leads. A mean is a sum over count, pinball loss
// free of scale is pinball over abs_actual, coverage is covered80 over count, and skill is 1 -
// pinball over pinball_naive. Each run sums the last eight days again, because corrections come up
// to two days late and a backlog up to seven.
import "date"

option task = {name: "loadtide-scores-daily", every: 1d, offset: 30m}

from(bucket: "loadtide")
    |> range(start: date.truncate(t: -8d, unit: 1d), stop: date.truncate(t: now(), unit: 1d))
    |> filter(fn: (r) => r._measurement == "score")
    |> filter(
        fn: (r) =>
            r._field == "pinball" or r._field == "pinball_naive" or r._field == "abs_error" or r._field == "abs_actual" or r._field == "covered50"
                or r._field == "covered80" or r._field == "count",
    )
    |> aggregateWindow(every: 1d, fn: sum, createEmpty: false, timeSrc: "_start")
    |> to(bucket: "loadtide-daily")
