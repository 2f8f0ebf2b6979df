#!/usr/bin/env python3
"""Sends telemetry to Skerry over HTTP and reads it back. Needs Python 3.9 or newer, and nothing else.

    SKERRY_TOKEN=… python3 send_telemetry.py --url http://127.0.0.1:8080 my-tenant my-project my-device

Every batch has an Idempotency-Key of its own. After an answer that says "later", or none at all, the same batch is
sent again under the same key, so that it is stored once, whatever was lost on the way.
"""

import argparse
import json
import math
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

PAUSES_SECS = [0.2, 0.5, 1, 2, 5, 5, 5]
"""How long to wait before the next try; after the last one the batch is given up."""

PASSING = {408, 429, 502, 503, 504}
"""Statuses that say: the same request may succeed later."""


class Refused(Exception):
    """The server refused the request for good; the text says why."""


class Skerry:
    def __init__(self, url, token):
        self.url = url.rstrip("/")
        self.token = token

    def send(self, device, rows):
        """Sends rows (dicts of metrics) as one batch; returns the answer once all of them are durable."""
        path = "/".join(urllib.parse.quote(part, safe="") for part in device)
        body = "".join(json.dumps(row) + "\n" for row in rows).encode()
        headers = {
            "Content-Type": "application/x-ndjson",
            "Idempotency-Key": str(uuid.uuid4()),
        }
        for pause in PAUSES_SECS:
            try:
                with self.ask("POST", f"/api/v1/telemetry/{path}", body, headers) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code not in PASSING:
                    raise Refused(error.read().decode()) from error
                pause = max(pause, float(error.headers.get("Retry-After", 0)))
            except (OSError, ValueError):
                pass  # no answer, or a part of one: whether it was taken is not known, and does not matter
            time.sleep(pause)
        raise Refused("the server did not take the batch in time")

    def points(self, device, metric, since="now-1h"):
        """Yields the points of a metric, oldest first, as they come."""
        tenant, project, name = device
        query = {
            "tenant": tenant,
            "project": project,
            "device": name,
            "metric": metric,
            "from": since,
            "to": "2100-01-01",
            "format": "ndjson",
        }
        with self.ask("GET", "/api/v1/telemetry?" + urllib.parse.urlencode(query)) as answer:
            for line in answer:
                yield json.loads(line)

    def ask(self, method, path, body=None, headers=None):
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers or {})
        request.add_header("Authorization", f"Bearer {self.token}")
        return urllib.request.urlopen(request, timeout=15)


def main():
    words = argparse.ArgumentParser(description="Sends a sine over HTTP and reads it back.")
    words.add_argument("--url", default="http://127.0.0.1:8080")
    words.add_argument("--batches", type=int, default=3)
    words.add_argument("device", nargs=3, metavar=("TENANT", "PROJECT", "DEVICE"))
    chosen = words.parse_args()
    skerry = Skerry(chosen.url, os.environ["SKERRY_TOKEN"])
    start = time.time()
    sent = []
    for batch in range(chosen.batches):
        numbers = range(batch * 10, batch * 10 + 10)
        rows = [{"ts": start + n / 1000, "wave": round(math.sin(n / 5), 6)} for n in numbers]
        answer = skerry.send(chosen.device, rows)
        sent += [row["wave"] for row in rows]
        print(f"{answer['records']} records are durable, up to offset {answer['lastOffset']}", flush=True)
    while True:
        found = [point["value"] for point in skerry.points(chosen.device, "wave")][-len(sent):]
        if found == sent:
            break
        time.sleep(0.1)  # durable is at once, visible is soon after
    print(f"all {len(found)} points are read back")


if __name__ == "__main__":
    main()
