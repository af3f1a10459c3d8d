"""Numbers of processes and machines, from what each wrote of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from mvsnap.status.machines import is_alive
from mvsnap.store.sharing.processes import KnownProcess


def process_metrics(
    processes: Sequence[KnownProcess], now: datetime, silent_after: timedelta
) -> Iterator[Metric]:
    """Yield the processes of the last day by state."""
    counts = Counter({"alive": 0, "silent": 0, "stopped": 0})
    for known in processes:
        is_there = is_alive(known, now, silent_after)
        counts["alive" if is_there else "stopped" if known.stopped else "silent"] += 1
    found = GaugeMetricFamily(
        "mvsnap_processes",
        "Processes of the last day: alive, silent (it died), stopped",
        labels=["state"],
    )
    for state, count in counts.items():
        found.add_metric([state], count)
    yield found


def machine_metrics(
    processes: Sequence[KnownProcess], now: datetime, silent_after: timedelta
) -> Iterator[Metric]:
    """Yield disk, evidence, clock and certificate of the machines that run.

    folder: the data_dir, as the machine's processes name it: those that share one have
    the same.
    """
    labels = ["machine", "folder"]
    free = GaugeMetricFamily(
        "mvsnap_disk_free_bytes", "Free where data_dir is", labels=labels
    )
    size = GaugeMetricFamily(
        "mvsnap_disk_size_bytes", "Size of the disk of data_dir", labels=labels
    )
    evidence = GaugeMetricFamily(
        "mvsnap_evidence_bytes", "Pictures and clips in data_dir", labels=labels
    )
    ahead = GaugeMetricFamily(
        "mvsnap_clock_ahead_seconds",
        "How far the machine's clock is ahead of the database's",
        labels=["machine"],
    )
    ends = GaugeMetricFamily(
        "mvsnap_certificate_expiry_timestamp_seconds",
        "When the certificate of server.tls ends",
        labels=["machine"],
    )
    alive = [one for one in processes if is_alive(one, now, silent_after)]
    newest = sorted(alive, key=lambda one: one.seen_at)
    for known in {(k.report.machine, k.report.data_id): k for k in newest}.values():
        place = [known.report.machine, known.report.data_id]
        free.add_metric(place, known.report.disk_free_bytes)
        size.add_metric(place, known.report.disk_total_bytes)
    measured = [k for k in newest if k.report.evidence_bytes is not None]
    for known in {(k.report.machine, k.report.data_id): k for k in measured}.values():
        place = [known.report.machine, known.report.data_id]
        evidence.add_metric(place, known.report.evidence_bytes or 0)
    for known in {k.report.machine: k for k in newest}.values():
        ahead.add_metric([known.report.machine], known.clock_ahead_s)
    certified = [k for k in newest if k.report.certificate_ends_at is not None]
    for known in {k.report.machine: k for k in certified}.values():
        if (until := known.report.certificate_ends_at) is not None:
            ends.add_metric([known.report.machine], until.timestamp())
    yield from (free, size, evidence, ahead, ends)
