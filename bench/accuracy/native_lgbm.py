"""LightGBM at the native interval of a set, by the protocol of docs/accuracy.md, measured once.

    python -m venv .cache/lightgbm && .cache/lightgbm/bin/pip install lightgbm pandas
    .cache/lightgbm/bin/python bench/accuracy/native_lgbm.py ../shared/data SET...

One model for each of five levels and of the leads that end 1, 3, 6, 12 and 24 hours after the origin
and the first lead, over all series of the set: the lags, the mean of seven days and the calendar are
those of Loadtide's network. The wQL is the mean over these leads. It is written to
bench/results/accuracy.json beside the results of `make accuracy`.
"""
import json, os, sys, time
import numpy as np, pandas as pd, lightgbm as lgb

LEVELS = [.1, .25, .5, .75, .9]
ROWS, ROUNDS = 80000, 150
SETS = {  # file, folder and entry of the protocol, columns of series, time and value, kind of the hours
    "edrp_30min": ("edrp_scotland_households_30min", "hourly", "edrp", None),
    "sgsc_30min": ("sgsc_australia_households_30min", "hourly", "sgsc", ("customer_id", "reading_datetime", "general_supply_kwh")),
    "vic_30min": ("vic_electricity", "hourly", "vic", (None, "Time", "Demand")),
    "liander_15min": ("liander_substations_15min", "hourly", "liander", ("station", "datetime", "total_substation")),
}


def read(data, name):
    file, folder, entry, columns = SETS.get(name, ("more/" + name, "more", name, ("series", "timestamp", "value")))
    protocol = json.load(open(f"{data}/{folder}/protocol.json"))[entry]
    frame = pd.read_csv(f"{data}/{file}.csv.gz")
    if columns is None:
        frame = frame.set_index("timestamp")
    else:
        series, when, value = columns
        frame["one"] = "one"
        frame = frame.pivot_table(index=when, columns=series or "one", values=value, aggfunc="last")
    frame.index = pd.to_datetime(frame.index, utc=True)
    if name == "homes_15min":  # the series are moved to one end, as align.go moves them
        protocol = dict(protocol, test_from="2024-09-16T00:00:00Z", origin_every=5)
        week, ends = pd.Timedelta("7D"), {s: frame[s].last_valid_index() for s in frame}
        frame = pd.concat([frame[s].dropna().shift(freq=(max(ends.values()) - ends[s]) // week * week) for s in frame], axis=1)
    step = int(name[-5:-3])
    return frame.resample(f"{step}min").mean(), protocol, step


def features(z, t, day, lead, calendar):
    """Rows for the origins t (index of the newest reading) of one series."""
    at = lambda i: z[np.clip(i, 0, len(z) - 1)]
    target = t + lead
    lags = [at(target - d * day) for d in (1, 2, 7, 14)]
    mean = np.mean([at(target - d * day) for d in range(1, 8)], axis=0)
    now = [at(t), at(t - 1), at(t) - at(t - day), at(t) - at(t - 7 * day), np.mean([at(t - i) for i in range(day // 6)], axis=0)]
    return np.column_stack(lags + [mean] + now + [calendar[np.clip(target, 0, len(z) - 1)]])


def measure(data, name):
    frame, p, step = read(data, name)
    day, parts = 1440 // step, 60 // step
    split = frame.index.searchsorted(pd.Timestamp(p["test_from"]))
    yearly = split > 8700 * parts
    index = frame.index
    calendar = np.column_stack([index.hour * 60 + index.minute, index.weekday] + ([index.dayofyear] if yearly else []))
    raw = frame.to_numpy(float).T
    z, centre, scale = [], [], []
    for y in raw:
        mean, deviation = np.nanmean(y[:split]) if split else 0, np.nanstd(y[:split]) + 1e-6
        filled = pd.Series(y).copy()
        for back in range(1, 15):
            filled = filled.fillna(filled.shift(day))
        z.append(((filled.bfill().ffill() - mean) / deviation).to_numpy(np.float32))
        centre.append(mean), scale.append(deviation)
    leads = sorted({1, *[h * parts for h in (1, 3, 6, 12, 24)]})
    origins = np.arange(split - 1, len(index) - day, p["origin_every"] * parts)
    rng, began = np.random.default_rng(0), time.time()
    loss, absolute, size = 0., 0., 0.
    for lead in leads:
        X, Y, T, A = [], [], [], []
        for n, y in enumerate(raw):
            start = max(14 * day, int(np.argmax(np.isfinite(y))) + 14 * day)
            pool = np.arange(start, split - lead)
            pool = pool[np.isfinite(y[pool + lead]) & np.isfinite(y[pool])] if len(pool) else pool
            if len(pool):
                t = rng.choice(pool, min(len(pool), max(1, ROWS // len(raw))), replace=False)
                X.append(features(z[n], t, day, lead, calendar)), Y.append(z[n][t + lead])
            o = origins[np.isfinite(y[origins]) & np.isfinite(y[origins + lead])]
            T.append((n, o)), A.append(y[o + lead])
        X, Y = np.concatenate(X), np.concatenate(Y)
        train = lgb.Dataset(X, Y, params=dict(max_bin=127, verbose=-1), free_raw_data=False)
        models = [lgb.train(dict(objective="quantile", alpha=q, num_leaves=31, learning_rate=.08, min_data_in_leaf=60,
                                 feature_fraction=.7, num_threads=1, verbose=-1, seed=lead), train, num_boost_round=ROUNDS) for q in LEVELS]
        for (n, o), y in zip(T, A):
            if not len(o):
                continue
            rows = features(z[n], o, day, lead, calendar)
            quantiles = np.sort([m.predict(rows) for m in models], axis=0) * scale[n] + centre[n]
            for q, forecast in zip(LEVELS, quantiles):
                loss += 2 * np.sum(np.maximum(q * (y - forecast), (q - 1) * (y - forecast))) / len(LEVELS)
            absolute += np.sum(np.abs(y - quantiles[2]))
            size += np.sum(np.abs(y))
    return dict(pinball=loss / size, wape=absolute / size, mase=0., coverage80=0.), leads, time.time() - began


def main():
    figures = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "results", "accuracy.json")
    for name in sys.argv[2:]:
        found, leads, seconds = measure(sys.argv[1], name)
        print(f"{name}: wQL {found['pinball']:.4f}, WAPE {100 * found['wape']:.2f} % at leads {leads}, {seconds:.0f} s", flush=True)
        results = json.load(open(figures))
        results.setdefault(name, {"name": name})["lightgbm"] = found
        json.dump(results, open(figures, "w"), indent=1)


if __name__ == "__main__":
    main()
