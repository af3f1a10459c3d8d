"""The page of the simulated rooms, in a real browser."""

from __future__ import annotations

import io
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from flask import Response, request
from PIL import Image

from mvsnap.simulator.server import serve
from mvsnap.simulator.webex.app import webex_app
from mvsnap.simulator.webex.webex import FakeWebex
from mvsnap.values import replace
from tests.servers.browser import dump_dom, screenshot

RED = (220, 20, 20)
LOADS = {
    "src",
    "srcset",
    "href",
    "action",
    "data",
    "poster",
    "background",
    "xlink:href",
}
SCRIPT = "<script>document.title = 'taken over'</script>"
PICTURE_ELSEWHERE = "<img src=https://elsewhere.example/x.png onerror=alert(1)>"


@pytest.fixture
def webex() -> FakeWebex:
    return FakeWebex()


@pytest.fixture
def url(webex: FakeWebex) -> Iterator[str]:
    with serve(webex_app(webex)) as origin:
        yield origin


def post(
    webex: FakeWebex,
    origin: str,
    markdown: str,
    *,
    parent_id: str | None = None,
    files: list[tuple[str, bytes, str]] | None = None,
) -> str:
    """Post to the first room and return the message's id."""
    fields = {"roomId": webex.rooms[0].id, "markdown": markdown}
    if parent_id:
        fields["parentId"] = parent_id
    answer = requests.post(
        f"{origin}/v1/messages",
        json=None if files else fields,
        data=fields if files else None,
        files=[("files", file) for file in files or ()],
        headers={"Authorization": f"Bearer {webex.bot_token}"},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    message_id: str = answer.json()["id"]
    return message_id


def red_jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 180), RED).save(out, "JPEG")
    return out.getvalue()


class _Page(HTMLParser):
    """Collects what a browser would load or lead to, and the styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.styles = ""
        self._in_style = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        self.addresses += [text or "" for name, text in attrs if name in LOADS]
        self.styles += "".join(text or "" for name, text in attrs if name == "style")

    def handle_data(self, data: str) -> None:
        self.styles += data if self._in_style else ""


def outside(html: str, origin: str) -> list[str]:
    """Return every address in the document that is not the page's own."""
    page = _Page(html)
    loaded = [word for word in ("url(", "@import", "image-set(") if word in page.styles]
    own = urlsplit(origin).netloc
    return loaded + [
        address
        for address in page.addresses
        if urlsplit(address).scheme not in ("", "data", "http", "https")
        or urlsplit(address).netloc not in ("", own)
    ]


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<img src="https://elsewhere.example/x">', ["https://elsewhere.example/x"]),
        ('<script src="//elsewhere.example/x"></script>', ["//elsewhere.example/x"]),
        ('<a href="javascript:x">x</a>', ["javascript:x"]),
        ("<style>p { background: url(x) }</style>", ["url("]),
        ('<a href="/x">x</a><img src="http://here:80/x">', []),
    ],
    ids=["a picture", "a script", "a script in a link", "a style", "its own"],
)
def test_control_an_address_outside_is_found(html: str, found: list[str]) -> None:
    assert outside(html, "http://here:80") == found


def test_pictures_and_threads_are_shown(
    webex: FakeWebex, url: str, tmp_path: Path
) -> None:
    head = post(webex, url, "**Door open** 2 cameras")
    for name in ("gate", "hall"):
        file = (f"{name}.jpg", red_jpeg(), "image/jpeg")
        post(webex, url, f"**{name}**", parent_id=head, files=[file])
    html = dump_dom(url)
    assert html.count("<article>") == 1
    assert html.index("Door open") < html.index("gate") < html.index("hall")
    for width, height in ((1280, 800), (390, 844)):
        png = tmp_path / f"{width}.png"
        screenshot(url, png, width=width, height=height)
        assert share_of_red(png) > 0.1


def share_of_red(png: Path) -> float:
    with Image.open(png) as image:
        colors = image.convert("RGB").getcolors(image.width * image.height) or []
        total = image.width * image.height
    return (
        sum(
            count
            for count, color in colors
            if isinstance(color, tuple)
            and all(abs(a - b) < 12 for a, b in zip(color, RED, strict=True))
        )
        / total
    )


@pytest.mark.parametrize("said", [SCRIPT, PICTURE_ELSEWHERE], ids=["script", "picture"])
def test_markup_in_a_message_is_shown_as_text(
    webex: FakeWebex, url: str, said: str
) -> None:
    webex.rooms[1].title = said
    first = post(webex, url, f"{said} **{said}** [{said}](https://there.example/)")
    post(webex, url, said, parent_id=first, files=[(said, b"x", "text/html")])
    html = dump_dom(url)
    assert html.count("&lt;" + said[1:].split(">")[0]) >= 5
    assert "<title>Simulated Webex rooms</title>" in html
    assert html.count("<script>") == 1
    assert outside(html, url) == []


def test_nothing_is_loaded_from_outside(webex: FakeWebex, url: str) -> None:
    post(
        webex,
        url,
        "[Video](https://n1.meraki.com/x) ![x](https://there.example/x.png)"
        f" [Event]({url}/events/1)",
        files=[("gate.jpg", red_jpeg(), "image/jpeg")],
    )
    html = dump_dom(url)
    assert "Video" in html
    assert f'href="{url}/events/1"' in html
    assert outside(html, url) == []


def test_a_new_message_appears_without_loading_the_page_again() -> None:
    webex = FakeWebex()
    app = webex_app(webex)
    loads: list[str] = []

    @app.after_request
    def post_after_the_first_load(response: Response) -> Response:
        if request.path == "/":
            loads.append(request.headers.get("Sec-Fetch-Mode", ""))
            if len(loads) == 1:
                webex.post(replace(first, id="later", text="second", markdown=""))
        return response

    with serve(app) as url:
        post(webex, url, "first")
        (first,) = webex.messages
        html = dump_dom(url, settle_ms=5000)
    assert loads.count("navigate") == 1
    assert len(loads) > 1
    assert html.index(">second<") < html.index(">first<")
