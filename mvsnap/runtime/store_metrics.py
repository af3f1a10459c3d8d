"""What /metrics reads from the store: the same whichever process is asked.

A scrape costs nothing more often than every few seconds. Without the database there is
`mvsnap_store_up 0` and none of these numbers: old ones would look like new ones.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from mvsnap.clip_model import ClipState
from mvsnap.domain import DeliveryState
from mvsnap.runtime.machine_metrics import machine_metrics, process_metrics
from mvsnap.status.model import Condition
from mvsnap.status.read import used_services
from mvsnap.status.recorder_rows import recorder_summary
from mvsnap.status.services import service_rows
from mvsnap.store.database import OUTAGES
from mvsnap.store.sense import alive
from mvsnap.store.time_limits import PROBE, answering
from mvsnap.web.context import Gateway

_KEPT_S = 3.0
_DAY = timedelta(days=1)


class StoreMetrics(Collector):
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._known: list[Metric] = []

    def collect(self) -> list[Metric]:
        with self._lock:
            now_s = self._gateway.clock.monotonic()
            if now_s - self._read_at >= _KEPT_S:
                self._known = self._read()
                self._read_at = self._gateway.clock.monotonic()
            return self._known

    def _read(self) -> list[Metric]:
        up = GaugeMetricFamily("mvsnap_store_up", "1 if the database answers")
        try:
            with answering(PROBE):
                found = list(self._from_store())
        except OUTAGES:
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, *found]

    def _from_store(self) -> Iterator[Metric]:
        here = self._gateway
        now, processes = here.database_now(), here.processes.all()
        silent_after = here.processes.silent_after
        yield from _jobs(here, now)
        yield from _upstreams(here, now)
        yield from process_metrics(processes, now, silent_after)
        yield from machine_metrics(processes, now, silent_after)
        yield from _listeners(here, now)
        yield from _cameras(here, now)
        deliveries = here.row_counts.deliveries(now - _DAY)
        yield _by_state(
            "mvsnap_deliveries_last_day",
            "Messages by their state, of those whose state changed within a day",
            {state: deliveries.get(state, 0) for state in DeliveryState},
        )
        clips = here.row_counts.clips()
        yield _by_state(
            "mvsnap_clips",
            "Clips by state",
            {state: clips.get(state, 0) for state in ClipState},
        )


def _jobs(here: Gateway, now: datetime) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "mvsnap_jobs_waiting",
        "Jobs accepted but not finished",
        value=here.jobs.backlog(),
    )
    yield GaugeMetricFamily(
        "mvsnap_jobs_waiting_limit",
        "How many may wait (server.queue_size)",
        value=here.settings.server.queue_size,
    )
    oldest_at = here.job_list.oldest_at()
    age_s = max(0.0, (now - oldest_at).total_seconds()) if oldest_at else 0.0
    yield GaugeMetricFamily(
        "mvsnap_job_oldest_age_seconds",
        "Age of the job that waits longest; 0: none waits",
        value=age_s,
    )


def _upstreams(here: Gateway, now: datetime) -> Iterator[Metric]:
    # A channel or schedule made on the pages is asked for without a restart.
    chosen, settings = here.site.setting_overrides(), here.following.now()
    listens = bool(chosen.get("sense.enabled", settings.sense.enabled))
    used = used_services(settings, listens=listens)
    states, processes = here.processes.upstreams(), here.processes.all()
    silent_after = here.processes.silent_after
    up = GaugeMetricFamily(
        "mvsnap_upstream_up",
        "0 if calls to a service outside fail; none: nobody has called it lately",
        labels=["upstream"],
    )
    rows = service_rows(used, states, processes, now, silent_after)
    for name, row in zip(used, rows, strict=True):
        if row.health is not Condition.UNKNOWN:
            up.add_metric([str(name)], int(row.health is Condition.OK))
    yield up
    left = GaugeMetricFamily(
        "mvsnap_upstream_budget_left",
        "Calls that the shared budget would let leave at once now",
        labels=["upstream"],
    )
    for upstream, calls in here.calls_left().items():
        left.add_metric([upstream], round(calls, 3))
    yield left


def _listeners(here: Gateway, now: datetime) -> Iterator[Metric]:
    label = ["listener"]
    up = GaugeMetricFamily(
        "mvsnap_sense_listener_up", "1 if it is connected to its broker", labels=label
    )
    zones = GaugeMetricFamily(
        "mvsnap_sense_zones", "Zones that a listener watches", labels=label
    )
    refused = GaugeMetricFamily(
        "mvsnap_sense_zones_refused",
        "Zones, microphones, lines and sensors above its sense.max_zones",
        labels=label,
    )
    for one in alive(here.sense.listeners(), now):
        up.add_metric([one.listener_id], int(one.connected))
        zones.add_metric([one.listener_id], one.people_counts)
        refused.add_metric([one.listener_id], one.refused)
    yield from (up, zones, refused)


def _cameras(here: Gateway, now: datetime) -> Iterator[Metric]:
    label = ["camera"]
    up = GaugeMetricFamily(
        "mvsnap_recorder_camera_up",
        "1 if the recorder records the camera or is ready to",
        labels=label,
    )
    where = GaugeMetricFamily(
        "mvsnap_recorder_camera_info",
        "Always 1; the machine that records the camera",
        labels=["camera", "machine"],
    )
    ring = GaugeMetricFamily(
        "mvsnap_recorder_ring_seconds", "Video that the ring holds", labels=label
    )
    connects = CounterMetricFamily(
        "mvsnap_recorder_connects", "Connections to the camera", labels=label
    )
    stalls = CounterMetricFamily(
        "mvsnap_recorder_stalls", "Times that the camera fell silent", labels=label
    )
    names, seen = here.settings.recorder.serials(), here.clips.recorder_cameras()
    for row in recorder_summary(names, seen, now).rows:
        up.add_metric([row.name], int(row.is_well))
        if row.machine:
            where.add_metric([row.name, row.machine], 1)
        if (state := seen.get(row.name)) is not None:
            ring.add_metric([row.name], state.held_s if row.is_well else 0)
            connects.add_metric([row.name], state.connects)
            stalls.add_metric([row.name], state.stalls)
    yield from (up, where, ring, connects, stalls)


def _by_state(name: str, what: str, counts: Mapping[str, int]) -> Metric:
    found = GaugeMetricFamily(name, what, labels=["state"])
    for state, count in counts.items():
        found.add_metric([str(state)], count)
    return found
