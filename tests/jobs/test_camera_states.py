"""The states of the recorder's cameras, as they are written."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from mvsnap.jobs.camera_states import SEEN_EVERY_S, CameraStates
from mvsnap.recorder import CameraStatus, State
from mvsnap.texts.wording import Reason
from tests.core.build import NOON


def test_a_state_is_written_as_often_after_the_clock_was_set_back() -> None:
    written: list[datetime] = []
    now_s = [0.0, 0.0]  # how far the clock is, and how much passed
    status = CameraStatus(State.RECORDING, Reason(""), NOON)
    recorder: Any = SimpleNamespace(states=lambda: {"Robot": status})
    clips: Any = SimpleNamespace(
        see=lambda news: written.extend(c.seen_at for c in news)
    )
    clock: Any = SimpleNamespace(
        now=lambda: NOON + timedelta(seconds=now_s[0]), monotonic=lambda: now_s[1]
    )
    states = CameraStates(recorder, clips, clock)
    states.store_changes({"Robot"})
    states.store_changes({"Robot"})
    now_s[:] = [SEEN_EVERY_S - 3600, SEEN_EVERY_S]
    states.store_changes({"Robot"})
    assert written == [NOON, NOON + timedelta(seconds=SEEN_EVERY_S - 3600)]
