"""Portrait: the photo of a person of the simulated directory, drawn. Pure."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFilter

SIZE = 480

_Color = tuple[int, int, int]
_WALLS: tuple[_Color, ...] = ((206, 216, 226), (222, 214, 202), (208, 222, 208))
_SKINS: tuple[_Color, ...] = ((236, 196, 166), (198, 148, 112), (124, 84, 60))
_HAIRS: tuple[_Color, ...] = ((52, 38, 30), (150, 104, 56), (92, 92, 96), (30, 28, 30))
_COATS: tuple[_Color, ...] = (
    (58, 84, 128),
    (128, 58, 62),
    (62, 104, 84),
    (84, 74, 110),
)


def draw_portrait(number: int) -> bytes:
    """Return a JPEG of a head and shoulders; the same number gives the same one."""
    image = Image.new("RGB", (SIZE, SIZE), _WALLS[number % len(_WALLS)])
    draw = ImageDraw.Draw(image)
    skin = _SKINS[number // 2 % len(_SKINS)]
    hair = _HAIRS[number // 3 % len(_HAIRS)]
    coat = _COATS[number % len(_COATS)]
    if number % 2:
        draw.rounded_rectangle((132, 92, 348, 372), 100, fill=hair)
    draw.ellipse((40, 352, 440, 760), fill=coat)
    draw.rounded_rectangle((202, 300, 278, 400), 30, fill=_darker(skin))
    draw.polygon(((200, 366), (280, 366), (240, 424)), fill=(244, 244, 240))
    draw.ellipse((152, 108, 328, 340), fill=skin)
    draw.pieslice((146, 92, 334, 300), 180, 360, fill=hair)
    draw.polygon(((150, 196), (330, 196), (316, 168), (164, 168)), fill=hair)
    for x in (204, 276):
        draw.ellipse((x - 17, 206, x + 17, 226), fill=(250, 250, 248))
        draw.ellipse((x - 9, 207, x + 9, 225), fill=(56, 62, 70))
        draw.line((x - 20, 194, x + 20, 194), fill=_darker(hair), width=6)
    draw.line((240, 222, 232, 262, 246, 264), fill=_darker(skin), width=5)
    draw.arc((206, 254, 274, 304), 20, 160, fill=(150, 66, 64), width=6)
    if number % 3 == 0:
        for x in (204, 276):
            draw.ellipse((x - 28, 190, x + 28, 242), outline=(40, 42, 46), width=5)
        draw.line((232, 214, 248, 214), fill=(40, 42, 46), width=5)
    out = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(0.7)).save(out, "JPEG", quality=88)
    return out.getvalue()


def _darker(color: _Color) -> _Color:
    red, green, blue = (int(part * 0.82) for part in color)
    return red, green, blue
