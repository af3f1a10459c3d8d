from __future__ import annotations

import pytest

from mvsnap import jpeg
from tests.clients.fakes import picture

WHOLE = picture()
THUMBNAIL = picture()[:60_000]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(WHOLE, id="baseline"),
        pytest.param(picture(progressive=True), id="progressive, many scans"),
        pytest.param(picture(thumbnail=THUMBNAIL), id="with a thumbnail"),
        pytest.param(WHOLE + b"\x00" * 100, id="padded with zeros"),
        pytest.param(WHOLE + b"\r\n", id="a line end behind"),
    ],
)
def test_a_complete_picture_is_accepted(data: bytes) -> None:
    assert jpeg.is_whole(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html><body>not yet</body></html>", id="HTML"),
        pytest.param(b"\xff\xd8", id="the start only"),
        pytest.param(b"\xff\xd8\xff\xd9", id="start and end without a picture"),
        pytest.param(WHOLE[:-2], id="without its end"),
        pytest.param(WHOLE[: len(WHOLE) // 2], id="half"),
        pytest.param(picture(thumbnail=THUMBNAIL)[:-2], id="cut, a whole thumbnail"),
        pytest.param(b"\xff\xd8\xff\xe0\x00\x00\xff\xd9", id="a segment of no length"),
        pytest.param(b"\xff\xd8" + b"x" * 50 + b"\xff\xd9", id="no segments"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, id="PNG"),
    ],
)
def test_anything_else_is_no_whole_picture(data: bytes) -> None:
    assert not jpeg.is_whole(data)


def test_no_beginning_of_a_picture_counts_as_complete() -> None:
    data = picture(progressive=True)
    assert not any(jpeg.is_whole(data[:size]) for size in range(len(data)))
