"""What the services outside did last, as the calls of this process saw it.

Noted in memory by whoever calls: a call never waits for a note and never fails by one.
`runtime/process_beat.py` writes it to the store at times, for the pages of all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from mvsnap.metrics import UPSTREAM_REQUESTS, UPSTREAM_SECONDS
from mvsnap.texts.channel_wordings import IT_FAILED
from mvsnap.texts.wording import Reason
from mvsnap.values import replace

_MOST_CHARS = 300


class Upstream(StrEnum):
    MERAKI = "meraki"
    WEBEX = "webex"
    IXON = "ixon"
    BROKER = "broker"
    S3 = "s3"
    PROVIDER = "provider"
    DIRECTORY = "directory"
    HEARTBEAT = "heartbeat"
    CHANNEL = "channel"


def service_name(upstream: Upstream, of: str = "") -> str:
    """Return what the calls to one of several of a kind are noted under.

    of: an organization or a channel of the settings; "": the only one, or the default
        one.
    """
    return f"{upstream.value} {of}" if of else upstream.value


def upstream_of(name: str) -> tuple[Upstream, str] | None:
    """Return the parts of a service name; None: of another release."""
    kind, _, of = name.partition(" ")
    return (Upstream(kind), of) if kind in set(Upstream) else None


class Outcome(Struct, frozen=True):
    """Of the calls so far, by the monotonic clock; None: there was none.

    failing_since_s: of the first failure after the last call that worked.
    error: why the last call failed, in words without secrets; "" if it worked.
    """

    worked_s: float | None = None
    failed_s: float | None = None
    failing_since_s: float | None = None
    error: Reason = Reason("")


class Outcomes:
    """By service name, which an `Upstream` is, too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Outcome] = {}

    def worked(self, upstream: str) -> None:
        self._note(upstream, Reason(""))

    def failed(self, upstream: str, error: str) -> None:
        """error: for people, and free of secrets; a reason is short enough."""
        if not isinstance(error, Reason):
            error = Reason(error[:_MOST_CHARS])
        self._note(upstream, error or IT_FAILED())

    def all(self) -> Mapping[str, Outcome]:
        with self._lock:
            return dict(self._known)

    def _note(self, upstream: str, error: Reason) -> None:
        now_s = time.monotonic()
        with self._lock:
            known = self._known.get(upstream, Outcome())
            if not error:
                news = replace(known, worked_s=now_s, failing_since_s=None, error=error)
            else:
                since_s = known.failing_since_s
                news = replace(
                    known,
                    failed_s=now_s,
                    failing_since_s=now_s if since_s is None else since_s,
                    error=error,
                )
            self._known[upstream] = news


# One for the process, like its loggers.
OUTCOMES = Outcomes()


def count_request(upstream: str, took_s: float, status: int | None) -> None:
    """Count a request for /metrics. status: of its answer; None: there was none."""
    UPSTREAM_REQUESTS.labels(str(upstream), _result(status)).inc()
    UPSTREAM_SECONDS.labels(str(upstream)).observe(took_s)


def _result(status: int | None) -> str:
    if status is None:
        return "no_answer"
    if status == 429:
        return "too_many"
    if status < 400:
        return "ok"
    return "refused" if status < 500 else "failed"
