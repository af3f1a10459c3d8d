"""Python programs that receive a flood: paho that does nothing, and all of mvsnap.

Each says "ready" when it is subscribed; then, as JSON, how many messages it took, the
second of the monotonic clock when it had them all, and the processor time of that.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, cast

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from mvsnap.config.model import Settings
from mvsnap.domain import Job, JobId
from mvsnap.jobs.service import JobService
from mvsnap.runtime import Parts, listener
from mvsnap.simulator.mqtt.broker import HOST

_LOOK_S = 0.02
_PATIENCE_S = 10.0


def main() -> None:
    if sys.argv[1] == "paho":
        paho(*map(int, sys.argv[2:5]))
    else:
        mvsnap(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[5]))


def paho(port: int, qos: int, messages: int) -> None:
    """The usual loop with the cheapest callback that can be counted."""
    client = Client(CallbackAPIVersion.VERSION2)
    numbers = count()
    # paho's types want None, it does not: a function more would be measured, too.
    on_message: Any = lambda *_: next(numbers)  # noqa: E731
    on_connect: Any = lambda *_: client.subscribe("/merakimv/#", qos)  # noqa: E731
    client.on_message, client.on_connect = on_message, on_connect
    client.on_subscribe = lambda *_: _say("ready")
    client.connect(HOST, port)
    began_s = _cpu_s()
    client.loop_start()
    # Reading a counter moves it: what was looked is taken off again.
    looks = count()
    report = _wait(lambda: next(numbers) - next(looks), messages)
    _say(json.dumps(report | {"cpu_s": _cpu_s() - began_s}))
    client.disconnect()


def mvsnap(folder: Path, port: int, messages: int) -> None:
    """The sense role as `serve` runs it, with a real SQLite file, but without jobs.

    Processor time includes the end, where what was not saved yet is saved.
    messages: 0 serves until the standard input ends; every crowd counts at once then.
    """
    logging.getLogger("mvsnap").setLevel(logging.INFO)
    logging.getLogger("mvsnap.sense.receiver").addHandler(_Ready())
    sys.setswitchinterval(0.001)  # as `serve` does
    parts = Parts(settings(folder, port, dwell_s=3 if messages else 0))
    loop = listener(parts, cast(JobService, _NoJobs()))
    began_s = _cpu_s()
    loop.start()
    if messages:
        taken = parts.metrics.sense_messages.collect
        report = _wait(lambda: int(list(taken())[0].samples[0].value), messages)
    else:
        sys.stdin.read()
        report = {}
    parts.clock.stop()
    loop.stop()
    _say(json.dumps(report | {"cpu_s": _cpu_s() - began_s}))


def settings(folder: Path, port: int, *, dwell_s: int) -> Settings:
    """A rule under which the crowds of the flood are raised and end."""
    sense = {"enabled": True, "port": port, "people": 3, "dwell_s": dwell_s}
    return Settings.model_validate({"data_dir": folder, "sense": sense})


class _NoJobs:
    """Accepts all and stores nothing: a job costs the same with or without a flood."""

    def known(self, job_id: JobId) -> Job | None:
        return None

    def submit(self, job: Job) -> None:
        pass


class _Ready(logging.Handler):
    """Waits for what the receiver tells of its connection."""

    def emit(self, record: logging.LogRecord) -> None:
        if "connected to" in record.getMessage():
            _say("ready")


def _wait(taken: Callable[[], int], messages: int) -> dict[str, Any]:
    """Wait for all of them, or until no more come."""
    before, moved_s = 0, time.monotonic()
    while before < messages:
        time.sleep(_LOOK_S)
        now, now_s = taken(), time.monotonic()
        if now != before:
            before, moved_s = now, now_s
        elif before and now_s - moved_s > _PATIENCE_S:
            break
    return {"count": before, "ended_s": moved_s}


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
