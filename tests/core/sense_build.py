"""Messages of cameras and sensors, and the decoders that read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from mvsnap.core.sense_messages import (
    BadMessage,
    decode_audio_detections,
    decode_audio_level,
    decode_counts,
    decode_crossing,
    decode_sensor,
)

TS = 1_767_225_600_123
CROSSED = {
    "label": "Gate",
    "event": "crossing_in",
    "type": "person",
    "ts": TS,
    "object_id": 17,
}

Decoder = Callable[[bytes], object]
DECODERS: dict[str, Decoder] = {
    "counts": decode_counts,
    "audio level": decode_audio_level,
    "crossing": decode_crossing,
    "audio detections": decode_audio_detections,
    "door": lambda payload: decode_sensor("door", payload),
    "button": lambda payload: decode_sensor("buttonReleased", payload),
    "tamper": lambda payload: decode_sensor("tamperDetection", payload),
}


def message(**given: Any) -> bytes:
    return json.dumps(given).encode()


def refusal(decode: Decoder, payload: bytes) -> str:
    """Return why a message is refused, "" when it is read."""
    try:
        decode(payload)
    except BadMessage as exc:
        return str(exc)
    return ""
