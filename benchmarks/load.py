"""Triggers at a steady rate, from a process of its own: the simulated clouds must not
share an interpreter with the stopwatch. Prints the spans in seconds as JSON.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from urllib.parse import urlsplit


def main() -> None:
    url, per_s, seconds = urlsplit(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    spans: list[float] = []

    def ask() -> None:
        began = time.monotonic()
        connection = http.client.HTTPConnection(url.netloc, timeout=60)
        connection.request("GET", f"{url.path}?{url.query}")
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status not in (200, 202):
            raise RuntimeError(f"{answer.status} instead of 200 or 202")
        spans.append(time.monotonic() - began)

    threads = []
    start = time.monotonic()
    for number in range(per_s * seconds):
        time.sleep(max(0.0, start + number / per_s - time.monotonic()))
        thread = threading.Thread(target=ask)
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    sys.stdout.write(json.dumps(spans))


if __name__ == "__main__":
    main()
