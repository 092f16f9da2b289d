"""Makes the files of this folder: a Parquet file and the delimited text that it is read as.

Needs pyarrow, and duckdb, fastparquet, pandas and polars for the files that bear their names, whose
text is what pyarrow reads from them."""

import datetime as dt
import decimal
import math

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 50
START = dt.datetime(2026, 1, 31, 13, tzinfo=dt.timezone.utc)


def text(value, kind):
    """The field that a value is read as."""
    if value is None or isinstance(value, float) and math.isnan(value):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    if isinstance(value, dt.datetime):
        value = value.replace(microsecond=0)
        form = value.strftime("%Y-%m-%dT%H:%M:%S")
        return form + ("Z" if pa.types.is_timestamp(kind) and kind.tz else "")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()[:10]
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def write(name, columns, **options):
    table = pa.table(columns)
    pq.write_table(table, name + ".parquet", **options)
    expect(name, table)


def expect(name, table):
    flat = [c for c in table.column_names if not pa.types.is_nested(table.schema.field(c).type)]
    with open(name + ".csv", "w") as out:
        out.write(",".join('"%s"' % c for c in flat) + "\n")
        for row in table.to_pylist():
            out.write(",".join(text(row[c], table.schema.field(c).type) for c in flat) + "\n")


def hours(kind, tz=True):
    at = [START + dt.timedelta(hours=i) for i in range(ROWS)]
    return pa.array(at if tz else [t.replace(tzinfo=None) for t in at], kind)


SERIES = ["north.m%d" % (i % 3) for i in range(ROWS)]
VALUES = [None if i % 7 == 3 else i * 0.25 - 3 for i in range(ROWS)]
LONG = {"series": SERIES, "timestamp": hours(pa.timestamp("ms", "UTC")), "value": VALUES}


def main():
    for codec in ("none", "snappy", "gzip", "zstd", "lz4", "brotli"):
        write("codec_" + codec, LONG, compression=codec)
    write("pages_v2", LONG, data_page_version="2.0", compression="zstd", data_page_size=200)
    write("groups", LONG, row_group_size=7, data_page_size=100, compression="snappy")
    for kind, column in {
        "plain": {}, "split": {"value": "BYTE_STREAM_SPLIT"},
        "delta": {"series": "DELTA_BYTE_ARRAY", "timestamp": "DELTA_BINARY_PACKED"},
        "lengths": {"series": "DELTA_LENGTH_BYTE_ARRAY"},
    }.items():
        write("encoding_" + kind, LONG, use_dictionary=False, column_encoding=column or None)
    write("times", {
        "seconds": hours(pa.timestamp("s", "UTC")), "micros": hours(pa.timestamp("us", "Europe/Vienna")).cast(pa.timestamp("us", "UTC")),
        "nanos": hours(pa.timestamp("ns", "UTC")), "local": hours(pa.timestamp("ms"), tz=False),
        "day": pa.array([dt.date(2026, 1, 1 + i % 31) for i in range(ROWS)], pa.date32()),
    }, version="2.6")
    write("int96", {"timestamp": hours(pa.timestamp("ns"), tz=False), "value": VALUES},
          use_deprecated_int96_timestamps=True)
    write("numbers", {
        "int8": pa.array([i - 25 for i in range(ROWS)], pa.int8()),
        "uint32": pa.array([2**32 - 1 - i for i in range(ROWS)], pa.uint32()),
        "uint64": pa.array([2**64 - 1 - i for i in range(ROWS)], pa.uint64()),
        "int64": pa.array([-(2**62) + i for i in range(ROWS)], pa.int64()),
        "float": pa.array([i * 0.5 for i in range(ROWS)], pa.float32()),
        "half": pa.array([i * 0.25 for i in range(ROWS)], pa.float16()),
        "nan": pa.array([float("nan") if i % 2 else float(i) for i in range(ROWS)]),
        "decimal": pa.array([decimal.Decimal(i * 7 - 99).scaleb(-2) for i in range(ROWS)], pa.decimal128(10, 2)),
        "large": pa.array([decimal.Decimal(i - 25).scaleb(-3) for i in range(ROWS)], pa.decimal128(38, 3)),
        "small": pa.array([decimal.Decimal(i - 25).scaleb(-1) for i in range(ROWS)], pa.decimal128(5, 1)),
        "bool": [i % 3 == 0 for i in range(ROWS)],
        "text": ['a "%d", b' % i for i in range(ROWS)],
        "list": [[i, i + 1] for i in range(ROWS)],
        "one": ["x"] * ROWS,
        "none": pa.array([None] * ROWS, pa.float64()),
    }, store_decimal_as_integer=True)
    write("bools_v2", {"bool": [None if i % 5 == 0 else i % 3 == 0 for i in range(ROWS)]},
          data_page_version="2.0", column_encoding={"bool": "RLE"}, use_dictionary=False)
    fixed = [b"%020d" % i for i in range(ROWS)]
    for kind, encoding in {"split": "BYTE_STREAM_SPLIT", "delta": "DELTA_BYTE_ARRAY"}.items():
        write("fixed_" + kind, {"fixed": pa.array(fixed, pa.binary(20))},
              use_dictionary=False, column_encoding={"fixed": encoding})


def others():
    import duckdb
    import fastparquet
    import pandas as pd
    import polars as pl

    frame = pd.DataFrame({"series": SERIES, "timestamp": pd.date_range(START, periods=ROWS, freq="15min"),
                          "value": VALUES, "on": [i % 3 == 0 for i in range(ROWS)]})
    fastparquet.write("fastparquet_lz4.parquet", frame, compression="LZ4")
    pl.from_pandas(frame).write_parquet("polars_brotli.parquet", compression="brotli", data_page_size=200)
    duckdb.sql("set timezone = 'UTC'")
    duckdb.sql("copy (select *, md5(series)::uuid as id, value::decimal(18, 3) as exact from frame) "
               "to 'duckdb_v2.parquet' (format parquet, parquet_version v2, compression lz4_raw)")
    for name in ("fastparquet_lz4", "polars_brotli", "duckdb_v2"):
        expect(name, pq.ParquetFile(name + ".parquet").read())


if __name__ == "__main__":
    main()
    others()
