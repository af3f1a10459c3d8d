"""The engine sends what was kept back when the hours begin, as time goes by."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clock import SystemClock
from mvsnap.config.load import settings_of
from mvsnap.core.notices import NoticeState
from mvsnap.domain import Job, JobId, Serial
from mvsnap.jobs.service import Finished
from mvsnap.runtime import Parts, worker
from mvsnap.store.events.search import EventState, find_event
from tests.core import build
from tests.gateway import ROOM, Clouds, clouds
from tests.servers.processes import wait_until

HOUR = timedelta(hours=1)


class MovedClock(SystemClock):
    """Time goes by at once where `ahead` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


def later_today(clock: SystemClock) -> dict[str, str]:
    """Return hours that begin in about two hours, and end two hours later."""
    begin = clock.now() + 2 * HOUR
    return {"from": f"{begin:%H:%M}", "to": f"{begin + 2 * HOUR:%H:%M}"}


def messages(simulated: Clouds) -> list[str]:
    return [one.markdown or "" for one in list(simulated.webex.messages)]


def test_what_was_kept_back_is_sent_when_the_hours_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_NOTICES_S", 0.1)
    clock = MovedClock()
    with clouds() as simulated:
        tree: dict[str, Any] = simulated.settings(data_dir=str(tmp_path))
        tree["webex"] |= {"when": later_today(clock)}
        parts = Parts(settings_of(tree))
        monkeypatch.setattr(parts, "clock", clock)
        working = worker.Worker(parts, Finished())
        working.start()
        try:
            job = asked(clock, simulated)
            working.engine.submit(job)

            def state() -> NoticeState | None:
                notice = parts.notices.of_job(job.id).get(ROOM)
                return notice.state if notice else None

            def is_done() -> bool:
                row = parts.job_states.row(job.id)
                return row is not None and row.stage == "done"

            wait_until(is_done, "the picture is stored", 60)
            assert (state(), messages(simulated)) == (NoticeState.LATE, [])
            (event,) = parts.store.events_of_job(job.id)
            found = find_event(parts.store, event.id)
            assert found is not None
            assert found.state is EventState.QUIET
            clock.ahead = 2.5 * HOUR
            wait_until(lambda: bool(messages(simulated)), "it is sent", 60)
            wait_until(lambda: state() is NoticeState.NOW, "the store says so", 60)
            wait_until(
                lambda: parts.notices.due(clock.now() + HOUR) == [], "it is over", 60
            )
        finally:
            parts.clock.stop()
            working.stop()
            parts.store.close()
        (text,) = messages(simulated)
    assert "Delivered late" in text


def asked(clock: SystemClock, simulated: Clouds) -> Job:
    (serial, *_others) = simulated.serials
    job_id = JobId(str(uuid.uuid4()))
    return build.job(Serial(serial), id=job_id, rooms=(ROOM,), accepted_at=clock.now())
