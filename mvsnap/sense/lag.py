"""What /metrics shows of MQTT: how many messages come, and how late."""

from __future__ import annotations

from mvsnap.core.sense_messages import decode_counts
from mvsnap.core.strict_json import BadMessage
from mvsnap.metrics import Metrics
from mvsnap.sense.buffer import Batch


def note_batch(metrics: Metrics, batch: Batch) -> None:
    """Count the messages, and measure the last of them: it came when the batch did."""
    metrics.sense_messages.inc(len(batch.frames))
    if not batch.frames:
        return
    try:
        found = decode_counts(batch.frames[-1][1])
    except BadMessage:  # of another kind, or wrong; the detector says so
        return
    # Without a time, or with one that cannot be right.
    if found is None or found[0] <= 0:
        return
    late_s = batch.received_at_ns / 1e9 - found[0] / 1000
    metrics.sense_lag_s.observe(max(0.0, late_s))
