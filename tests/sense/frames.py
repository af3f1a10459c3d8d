"""Messages of cameras for a detector, and what it makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from mvsnap.config.recipients import Recipients
from mvsnap.config.sense import Sense
from mvsnap.core.sense_messages import Topic
from mvsnap.sense.detector import Detector
from mvsnap.sense.framing import Frame
from mvsnap.sense.rules import SenseRules
from mvsnap.store.sense import Findings
from tests.core.build import GATE, NOON

NOON_MS = round(NOON.timestamp() * 1000)
TOLD = Recipients("Alarms", can_post=True)
PLAIN: dict[str, Any] = {"people": 3, "dwell_s": 10, "dropout_s": 2, "cooldown_s": 0}


def detector(**settings: Any) -> Detector:
    return Detector(rules(**settings), ignore, most=20_000)


def rules(**settings: Any) -> SenseRules:
    return SenseRules(Sense.model_validate(PLAIN | settings), TOLD)


def ignore(_topic: Topic, _frame: Frame) -> None:
    pass


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def frame(topic: str, body: object) -> Frame:
    return topic.encode(), json.dumps(body).encode(), False, 0


def count(seconds: float, people: int, *, zone: str = "0", serial: str = GATE) -> Frame:
    body = {"ts": NOON_MS + round(seconds * 1000), "counts": {"person": people}}
    return frame(f"/merakimv/{serial}/{zone}", body)


def crowd(begin_s: int, end_s: int, people: int, **where: str) -> list[Frame]:
    return [count(second, people, **where) for second in range(begin_s, end_s + 1)]


def run(made: Detector, frames: Iterable[Frame], now_s: float = 100) -> Findings:
    made.process(frames, at(now_s))
    return made.drain(checkpoint=True)
