"""What a process counts, for /metrics: one registry, made by `runtime`.

With PROMETHEUS_MULTIPROC_DIR, as prometheus_client documents it, the numbers are in
files of that folder, and whichever process is asked answers for all of them. Therefore
nothing here is a gauge: a counter of a process that died stays true. What can go down
is read from the store, see `runtime/store_metrics.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from mvsnap import __version__
from mvsnap.errors import BadConfig

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60)

# Their series are as many again, and what they say is in process_start_time_seconds.
disable_created_metrics()  # type: ignore[no-untyped-call]

# Of the process, like `upstreams.OUTCOMES`: calls know nothing of a registry.
UPSTREAM_REQUESTS = Counter(
    "mvsnap_upstream_requests",
    "Requests to services outside by result: ok, refused (4xx), too_many (429), "
    "failed (5xx), no_answer",
    ["upstream", "result"],
    registry=None,
)
UPSTREAM_SECONDS = Histogram(
    "mvsnap_upstream_request_seconds",
    "How long requests to services outside took",
    ["upstream"],
    buckets=_SECONDS,
    registry=None,
)
RETRIES = Counter(
    "mvsnap_retries",
    "Repeated work: call (again at once), job (deferred and run again later)",
    ["kind"],
    registry=None,
)


class Metrics:
    """Raises BadConfig: the folder for the numbers of several processes is unusable."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._folder = _shared_folder()
        if self._folder is None:
            ProcessCollector(registry=self.registry)
        for of_process in (UPSTREAM_REQUESTS, UPSTREAM_SECONDS, RETRIES):
            self.registry.register(of_process)
        for kind in ("call", "job"):
            RETRIES.labels(kind)
        self._add_sense()
        self._add_deliveries()
        self.triggers = Counter(
            "mvsnap_triggers",
            "Triggers by kind and result",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self.parts = Counter(
            "mvsnap_job_parts",
            "Cameras of jobs by outcome: snapshot, no_picture, clip, no_clip, "
            "delivered, undelivered",
            ["outcome"],
            registry=self.registry,
        )
        self.observations = Counter(
            "mvsnap_scanning_observations",
            "Wi-Fi and Bluetooth observations: accepted, ignored by settings, bad",
            ["outcome"],
            registry=self.registry,
        )

    def text(self, *more: Collector) -> bytes:
        """Return the numbers for Prometheus, and those of other collectors."""
        shown = CollectorRegistry()
        if self._folder is None:
            shown.register(_Own(self.registry))
        else:
            MultiProcessCollector(  # type: ignore[no-untyped-call]
                shown, str(self._folder)
            )
        for collector in (_Build(), *more):
            shown.register(collector)
        return generate_latest(shown)

    def _add_deliveries(self) -> None:
        self.delivery_s = Histogram(
            "mvsnap_delivery_seconds",
            "From the trigger to the message in the room",
            buckets=(1, 2, 3, 5, 8, 13, 30, 60, 300, 3600),
            registry=self.registry,
        )
        self.deliveries = Counter(
            "mvsnap_deliveries",
            "Messages by result: sent, deferred (tried again later), given_up",
            ["result"],
            registry=self.registry,
        )
        for result in ("sent", "deferred", "given_up"):
            self.deliveries.labels(result)

    def _add_sense(self) -> None:
        self.sense_messages = Counter(
            "mvsnap_sense_messages",
            "MQTT messages received",
            registry=self.registry,
        )
        self.sense_lag_s = Histogram(
            "mvsnap_sense_lag_seconds",
            "From the time in an MQTT message to its arrival; one of each batch",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.sense_events = Counter(
            "mvsnap_sense_events",
            "Events the sense rules raised or ended, by kind",
            ["kind"],
            registry=self.registry,
        )


class _Own(Collector):
    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        return self._registry.collect()


class _Build(Collector):
    """Not a library's Info: that does not work for several processes."""

    def collect(self) -> list[GaugeMetricFamily]:
        found = GaugeMetricFamily(
            "mvsnap_build_info", "Always 1; the version", labels=["version"]
        )
        found.add_metric([__version__], 1)
        return [found]


def _shared_folder() -> Path | None:
    """Return the folder of several processes' numbers, None: each has its own."""
    name = os.environ.get(_FOLDER)
    if not name:
        return None
    folder = Path(name)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        why = f"{_FOLDER}: {folder} cannot be made: {exc.strerror}"
        raise BadConfig([why]) from None
    if not os.access(folder, os.W_OK):
        raise BadConfig([f"{_FOLDER}: {folder} cannot be written"])
    return folder
