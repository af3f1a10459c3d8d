"""Robot cell: a camera's view of a packaging robot, drawn; it stops on demand."""

from __future__ import annotations

import io
import math
import time
from datetime import UTC, datetime

from PIL import Image, ImageDraw, ImageFont

_SIZE = (640, 360)
_FLOOR, _WALL, _BELT = (58, 62, 68), (112, 122, 130), (34, 36, 40)
_ARM, _JOINT, _CARTON = (236, 126, 38), (60, 60, 64), (186, 142, 92)
_GREEN, _RED = (70, 200, 90), (230, 50, 40)
_BASE = (320, 265)
_UPPER, _LOWER = 110, 95  # lengths of the arm, in pixels
_CYCLE_S = 4.0


class RobotCell:
    """`draw` is a picture of now; `stop` as if the robot failed, then `go`."""

    def __init__(self) -> None:
        self._stopped_s: float | None = None
        self._lost_s = 0.0

    def stop(self) -> None:
        if self._stopped_s is None:
            self._stopped_s = time.time()

    def go(self) -> None:
        if self._stopped_s is not None:
            self._lost_s += time.time() - self._stopped_s
            self._stopped_s = None

    def draw(self, _number: int = 0) -> bytes:
        """Return a JPEG of the cell."""
        now_s = time.time()
        stopped_s = self._stopped_s
        worked_s = (stopped_s or now_s) - self._lost_s
        image = Image.new("RGB", _SIZE, _WALL)
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 230, *_SIZE), fill=_FLOOR)
        _belt(draw, worked_s)
        _arm(draw, worked_s)
        lamp_on = stopped_s is None or int(now_s * 2) % 2 == 0
        lamp = _GREEN if stopped_s is None else _RED
        draw.rectangle((586, 60, 600, 150), fill=(80, 80, 84))
        draw.ellipse((575, 30, 611, 66), fill=lamp if lamp_on else (90, 30, 28))
        _label(draw, now_s)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=80)
        return out.getvalue()


def _belt(draw: ImageDraw.ImageDraw, worked_s: float) -> None:
    draw.rectangle((0, 290, _SIZE[0], 320), fill=_BELT)
    for number in range(6):
        left = (number * 130 + worked_s * 40) % 780 - 120
        draw.rectangle((left, 250, left + 62, 292), fill=_CARTON)
        draw.line((left + 31, 250, left + 31, 292), fill=(150, 110, 70), width=3)


def _arm(draw: ImageDraw.ImageDraw, worked_s: float) -> None:
    turn = math.sin(worked_s / _CYCLE_S * 2 * math.pi)
    shoulder = math.radians(-90 + 35 * turn)
    elbow = shoulder + math.radians(70 + 35 * math.cos(worked_s * math.pi))
    joint = _along(_BASE, shoulder, _UPPER)
    hand = _along(joint, elbow, _LOWER)
    draw.rectangle((_BASE[0] - 45, _BASE[1], _BASE[0] + 45, 300), fill=_JOINT)
    draw.line((_BASE, joint), fill=_ARM, width=30)
    draw.line((joint, hand), fill=_ARM, width=22)
    for x, y in (_BASE, joint, hand):
        draw.ellipse((x - 17, y - 17, x + 17, y + 17), fill=_JOINT)


def _along(point: tuple[float, float], angle: float, by: float) -> tuple[float, float]:
    return point[0] + by * math.cos(angle), point[1] + by * math.sin(angle)


def _label(draw: ImageDraw.ImageDraw, now_s: float) -> None:
    text = f"Robot cell 7   {datetime.fromtimestamp(now_s, UTC):%H:%M:%S.%f}"[:-5]
    draw.rectangle((0, 0, 330, 26), fill=(0, 0, 0))
    draw.text((8, 4), text, fill=(255, 255, 255), font=_font())


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(16)
