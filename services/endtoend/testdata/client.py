"""Another client of the wire: plain JSON over nats-py, nothing of Loadtide's.

Usage: client.py URL SITE METER

Publishes a week of history and a day of hourly readings, some of them bad, and
prints as one JSON object what came back. Fails when something does not come.
"""

import asyncio
import json
import sys
from datetime import datetime, timedelta, timezone

import nats

PATIENCE = 60
HISTORY = 168
LIVE = 24


def reading(hour, value, **more):
    return {"ts": hour.strftime("%Y-%m-%dT%H:%M:%SZ"), "value": value, **more}


async def take(subscription, count):
    """The next messages, as text."""
    return [(m.subject, m.data.decode()) for m in [await subscription.next_msg(timeout=PATIENCE) for _ in range(count)]]


async def main(url, site, meter):
    subject = f"readings.{site}.{meter}"
    start = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0) - timedelta(hours=HISTORY + LIVE + 1)
    hours = [start + timedelta(hours=n) for n in range(HISTORY + LIVE)]
    values = [1.5 + (hour.hour % 12) / 10 for hour in hours]

    nc = await nats.connect(url, connect_timeout=PATIENCE)
    js = nc.jetstream()
    forecasts = await nc.subscribe(f"forecasts.{site}.{meter}")
    rejected = await nc.subscribe("rejected.>")
    await nc.flush()

    history = [reading(h, v, unit="kWh", history=True) for h, v in zip(hours[:HISTORY], values)]
    ack = await js.publish(subject, json.dumps(history).encode())
    acks = [{"stream": ack.stream, "seq": ack.seq}]

    for n, (hour, value) in enumerate(zip(hours[HISTORY:], values[HISTORY:])):
        data = json.dumps(reading(hour, value, unit="kWh")).encode()
        if n == 1:  # without an answer, as a small device would
            await nc.publish(subject, data)
            continue
        ack = await js.publish(subject, data)
        acks.append({"stream": ack.stream, "seq": ack.seq})
    live = await take(forecasts, LIVE)

    bad = [
        (subject, "no JSON at all"),
        (subject, json.dumps({"ts": "yesterday", "value": 1})),
        (f"readings.{site}.{meter}2", json.dumps({"ts": reading(hours[0], 0)["ts"], "value": "n/a"})),
    ]
    refused = []
    for where, text in bad:
        ack = await js.publish(where, text.encode())
        refused.append({"sent": text, "subject": where, "seq": ack.seq, "answer": (await take(rejected, 1))[0]})

    # What is stored is the same as what passed by, and nothing else passed by.
    stored = await js.get_last_msg("FORECASTS", f"forecasts.{site}.{meter}")
    consumer = await js.pull_subscribe(f"forecasts.{site}.{meter}", stream="FORECASTS")
    kept = []
    while len(kept) < LIVE:
        for m in await consumer.fetch(LIVE - len(kept), timeout=PATIENCE):
            kept.append((m.subject, m.data.decode()))
            await m.ack()
    await nc.flush()
    more = forecasts.pending_msgs + rejected.pending_msgs

    print(json.dumps({
        "origins": [(h + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ") for h in hours[HISTORY:]],
        "acks": acks, "live": live, "kept": kept, "last": stored.data.decode(), "refused": refused, "more": more,
    }))
    await nc.close()


asyncio.run(main(*sys.argv[1:]))
