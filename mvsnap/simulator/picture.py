"""Picture: drawn views of simulated cameras. Pure."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT = 960, 540

_Color = tuple[int, int, int]


def draw_picture(
    scene: str, name: str, serial: str, number: int, at: datetime
) -> bytes:
    """Return a JPEG of `scene`; somebody walks through it once a minute."""
    image = _background(scene, number).copy()
    step = (at.second + at.microsecond / 1e6 + number * 17) % 60 / 60
    _person(image, step, scene, number)
    image = Image.blend(image, _grain(), 0.05)
    _labels(image, name, serial, at)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def pad_jpeg(jpeg: bytes, size: int) -> bytes:
    """Return the same picture with comments added until it has `size` bytes."""
    missing = size - len(jpeg)
    comments = bytearray()
    while missing >= 4:
        length = min(missing, 60_000)
        if 0 < missing - length < 4:
            length -= 4
        comments += b"\xff\xfe" + (length - 2).to_bytes(2, "big") + bytes(length - 4)
        missing -= length
    return jpeg[:2] + bytes(comments) + jpeg[2:]


@lru_cache(maxsize=64)
def _background(scene: str, number: int) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT))
    draw_scene = _SCENES.get(scene, _gate)
    draw_scene(image, _TINTS[number % len(_TINTS)])
    return image.filter(ImageFilter.GaussianBlur(0.8))


@lru_cache(maxsize=1)
def _grain() -> Image.Image:
    return Image.effect_noise((WIDTH, HEIGHT), 90).convert("RGB")


_TINTS: tuple[_Color, ...] = (
    (176, 92, 64),
    (66, 110, 148),
    (92, 128, 84),
    (158, 128, 70),
    (118, 96, 140),
)


def _fade(
    image: Image.Image, box: tuple[int, int, int, int], top: _Color, bottom: _Color
) -> None:
    size = (box[2] - box[0], box[3] - box[1])
    mask = Image.linear_gradient("L").resize(size)
    upper, lower = Image.new("RGB", size, top), Image.new("RGB", size, bottom)
    image.paste(Image.composite(lower, upper, mask), box[:2])


def _shade(color: _Color, factor: float) -> _Color:
    red, green, blue = (min(255, int(part * factor)) for part in color)
    return red, green, blue


def _gate(image: Image.Image, tint: _Color) -> None:
    """A road through a sliding gate, seen from above it."""
    _fade(image, (0, 0, WIDTH, 230), (126, 160, 190), (206, 216, 220))
    _fade(image, (0, 230, WIDTH, HEIGHT), (122, 132, 104), (84, 98, 70))
    draw = ImageDraw.Draw(image)
    for x, tall in ((40, 90), (150, 120), (700, 100), (820, 130), (905, 95)):
        draw.ellipse((x - 70, 225 - tall, x + 70, 260), fill=(72, 96, 70))
    draw.polygon(((400, 240), (540, 240), (860, 540), (60, 540)), fill=(96, 96, 100))
    for y in range(270, HEIGHT, 60):
        half = 1 + (y - 240) // 60
        draw.rectangle((468 - half, y, 468 + half, y + 26), fill=(206, 202, 190))
    for x in (210, 730):
        draw.rectangle((x - 26, 150, x + 26, 400), fill=tint)
        draw.rectangle((x - 34, 138, x + 34, 152), fill=_shade(tint, 0.7))
        draw.rectangle((x - 26, 150, x - 14, 400), fill=_shade(tint, 1.2))
    for x in range(0, WIDTH, 26):
        if x < 180 or x > 760:
            draw.line((x, 200, x, 380), fill=(58, 62, 66), width=4)
    draw.rectangle((0, 214, 184, 222), fill=(58, 62, 66))
    draw.rectangle((758, 214, WIDTH, 222), fill=(58, 62, 66))
    draw.rectangle((236, 300, 420, 312), fill=(220, 220, 216))
    for x in range(236, 420, 46):
        draw.rectangle((x, 300, x + 22, 312), fill=(190, 40, 36))


def _door(image: Image.Image, tint: _Color) -> None:
    """A house wall with a glass door, a lamp and a mat."""
    _fade(image, (0, 0, WIDTH, 420), _shade(tint, 1.35), _shade(tint, 1.05))
    _fade(image, (0, 420, WIDTH, HEIGHT), (150, 148, 142), (104, 102, 98))
    draw = ImageDraw.Draw(image)
    for row, y in enumerate(range(0, 420, 30)):
        draw.line((0, y, WIDTH, y), fill=_shade(tint, 0.95))
        for x in range((row % 2) * 45, WIDTH, 90):
            draw.line((x, y, x, y + 30), fill=_shade(tint, 0.95))
    draw.rectangle((330, 96, 630, 424), fill=(48, 52, 58))
    for x in (346, 488):
        _fade(image, (x, 112, x + 126, 412), (164, 190, 204), (92, 116, 130))
        draw.polygon(
            ((x + 20, 112), (x + 60, 112), (x, 260), (x, 180)), fill=(190, 210, 220)
        )
    draw.rectangle((474, 250, 480, 310), fill=(222, 214, 190))
    draw.rectangle((486, 250, 492, 310), fill=(222, 214, 190))
    draw.ellipse((690, 150, 730, 196), fill=(255, 236, 178))
    draw.rectangle((702, 130, 718, 152), fill=(46, 46, 50))
    draw.rectangle((700, 240, 744, 300), fill=(226, 228, 230))
    draw.rectangle((706, 250, 738, 256), fill=(60, 90, 140))
    draw.polygon(((340, 440), (620, 440), (660, 492), (300, 492)), fill=(70, 58, 50))
    draw.rectangle((110, 330, 210, 424), fill=(112, 84, 62))
    draw.ellipse((80, 220, 240, 350), fill=(64, 104, 66))


def _hall(image: Image.Image, tint: _Color) -> None:
    """A store hall in perspective: racks left and right, lamps above."""
    _fade(image, (0, 0, WIDTH, 240), (74, 80, 88), (128, 134, 140))
    _fade(image, (0, 240, WIDTH, HEIGHT), (138, 136, 130), (178, 174, 164))
    draw = ImageDraw.Draw(image)
    draw.rectangle((380, 170, 580, 300), fill=(110, 116, 122))
    draw.rectangle((430, 210, 530, 300), fill=_shade(tint, 0.8))
    for edge, far in ((0, 380), (WIDTH, 580)):
        _rack(draw, edge, far, tint)
    for depth in range(5):
        y, half = 20 + depth * 32, 90 - depth * 16
        draw.rectangle((480 - half, y, 480 + half, y + 9 - depth), fill=(250, 250, 236))
    draw.polygon(((452, 300), (462, 300), (330, 540), (290, 540)), fill=(222, 186, 60))
    draw.polygon(((498, 300), (508, 300), (670, 540), (630, 540)), fill=(222, 186, 60))


def _rack(draw: ImageDraw.ImageDraw, edge: int, far: int, tint: _Color) -> None:
    posts = [edge + (far - edge) * step // 5 for step in range(6)]
    for level in range(4):
        for step in range(5):
            x0, x1 = posts[step], posts[step + 1]
            y0, y1 = _rack_y(level, step), _rack_y(level, step + 1)
            down0, down1 = _rack_y(level + 1, step), _rack_y(level + 1, step + 1)
            shade = 0.75 + ((level * 3 + step * 5) % 4) * 0.14
            draw.polygon(
                (
                    (x0, y0 + 22 - step * 3),
                    (x1, y1 + 19 - step * 3),
                    (x1, down1),
                    (x0, down0),
                ),
                fill=_shade(tint, shade),
            )
            draw.line((x0, down0, x1, down1), fill=(214, 110, 40), width=7 - step)
            draw.line((x0, y0, x0, down0), fill=(52, 66, 92), width=8 - step)


def _rack_y(level: int, step: int) -> int:
    top, bottom = step * 34, HEIGHT - step * 48
    return top + (bottom - top) * level // 4


def _yard(image: Image.Image, tint: _Color) -> None:
    """A car park at dusk with cars."""
    _fade(image, (0, 0, WIDTH, 200), (58, 66, 98), (200, 150, 120))
    _fade(image, (0, 200, WIDTH, HEIGHT), (92, 94, 100), (62, 64, 70))
    draw = ImageDraw.Draw(image)
    for x, tall in ((0, 80), (150, 130), (330, 100), (520, 150), (700, 90), (840, 120)):
        draw.rectangle((x, 200 - tall, x + 130, 204), fill=(46, 48, 62))
        for wx in range(x + 14, x + 116, 26):
            for wy in range(214 - tall, 186, 26):
                lit = (wx * 7 + wy * 3) % 5 < 2
                draw.rectangle(
                    (wx, wy, wx + 11, wy + 13),
                    fill=(246, 214, 132) if lit else (64, 68, 84),
                )
    for x in range(-40, WIDTH + 80, 170):
        draw.line((x + 60, 236, x, 360), fill=(214, 214, 208), width=4)
    paints = (tint, (188, 190, 194), (52, 58, 66), (150, 44, 40))
    for place, x in enumerate((36, 206, 546, 716)):
        _car(draw, x, 250, paints[place])
    draw.rectangle((896, 60, 904, 330), fill=(40, 42, 48))
    draw.ellipse((872, 40, 928, 74), fill=(255, 240, 190))


def _car(draw: ImageDraw.ImageDraw, x: int, y: int, paint: _Color) -> None:
    draw.rounded_rectangle((x, y + 34, x + 126, y + 84), 14, fill=paint)
    draw.polygon(
        ((x + 18, y + 38), (x + 34, y + 4), (x + 94, y + 4), (x + 110, y + 38)),
        fill=_shade(paint, 0.8),
    )
    draw.polygon(
        ((x + 27, y + 36), (x + 39, y + 10), (x + 89, y + 10), (x + 101, y + 36)),
        fill=(126, 148, 164),
    )
    for wheel in (x + 12, x + 90):
        draw.rounded_rectangle(
            (wheel, y + 74, wheel + 24, y + 98), 6, fill=(24, 24, 26)
        )
    for lamp in (x + 6, x + 102):
        draw.rounded_rectangle(
            (lamp, y + 46, lamp + 18, y + 56), 4, fill=(250, 240, 200)
        )


_SCENES: dict[str, Callable[[Image.Image, _Color], None]] = {
    "gate": _gate,
    "door": _door,
    "hall": _hall,
    "yard": _yard,
}


def _person(image: Image.Image, step: float, scene: str, number: int) -> None:
    draw = ImageDraw.Draw(image, "RGBA")
    x = int(120 + step * (WIDTH - 240))
    ground = 505 if scene != "yard" else 470
    coat = _shade(_TINTS[(number + 2) % len(_TINTS)], 0.8)
    stride = int(22 * (1 - 4 * abs(step * 15 % 1 - 0.5)))
    draw.ellipse((x - 46, ground - 10, x + 46, ground + 10), fill=(0, 0, 0, 90))
    for side in (stride, -stride):
        draw.line((x, ground - 80, x + side, ground), fill=(38, 42, 54), width=17)
        draw.line((x, ground - 148, x - side, ground - 92), fill=coat, width=13)
    draw.rounded_rectangle((x - 24, ground - 164, x + 24, ground - 70), 18, fill=coat)
    draw.ellipse((x - 17, ground - 204, x + 17, ground - 164), fill=(214, 170, 138))
    draw.pieslice(
        (x - 18, ground - 208, x + 18, ground - 168), 180, 360, fill=(60, 44, 34)
    )


def _labels(image: Image.Image, name: str, serial: str, at: datetime) -> None:
    draw = ImageDraw.Draw(image, "RGBA")
    large, small = _font(26), _font(20)
    draw.rectangle((0, 0, WIDTH, 44), fill=(0, 0, 0, 150))
    draw.text((16, 7), name, font=large, fill=(255, 255, 255, 255))
    shown = at.strftime("%Y-%m-%d %H:%M:%S UTC")
    draw.text(
        (WIDTH - 16, 9), shown, font=small, fill=(255, 255, 255, 255), anchor="ra"
    )
    draw.rectangle((0, HEIGHT - 32, 190, HEIGHT), fill=(0, 0, 0, 150))
    draw.text((16, HEIGHT - 28), serial, font=small, fill=(225, 230, 235, 255))


@lru_cache(maxsize=4)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
