"""The simulated Webex accepts files by address, and serves them with care."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator

import pytest
import requests

from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.server import serve
from mvsnap.simulator.webex.app import webex_app
from mvsnap.simulator.webex.markup import as_html
from mvsnap.simulator.webex.webex import FakeWebex
from tests.servers.processes import wait_until
from tests.simulator.webex.client import Bot

JPEG = b"\xff\xd8\xff\xd9"


@pytest.fixture
def bot() -> Iterator[Bot]:
    webex = FakeWebex()
    with serve(webex_app(webex)) as origin:
        yield Bot(webex, origin)


@pytest.fixture
def picture_url() -> Iterator[str]:
    dashboard = FakeDashboard(picture_bytes=JPEG)
    with serve(dashboard_app(dashboard)) as origin:
        path = (
            f"/api/v1/devices/{next(iter(dashboard.cameras))}/camera/generateSnapshot"
        )
        headers = {"Authorization": f"Bearer {dashboard.api_key}"}
        made = requests.post(origin + path, headers=headers, timeout=10)
        yield made.json()["url"]


def test_a_public_address_is_fetched_at_once(bot: Bot, picture_url: str) -> None:
    assert bot.post_url(picture_url).status_code == 200
    (file,) = bot.webex.messages[0].files
    assert (file.data, file.content_type) == (JPEG, "image/jpeg")


@pytest.mark.parametrize("ending", ["-that-is-not-there", "-\u00e4 b"])
def test_an_address_without_a_file_is_refused(
    bot: Bot, picture_url: str, ending: str
) -> None:
    answer = bot.post_url(picture_url + ending)
    assert answer.status_code == 400
    assert answer.json()["message"] == "Unable to retrieve content."
    assert bot.webex.messages == []


def test_a_file_on_the_disk_is_not_fetched(bot: Bot) -> None:
    assert bot.post_url("file:///etc/hostname").status_code == 400


def test_two_files_are_too_many(bot: Bot, picture_url: str) -> None:
    assert bot.post_url(picture_url, picture_url).status_code == 400


def test_a_file_is_locked_while_it_is_scanned(bot: Bot) -> None:
    path = f"/v1/contents/{bot.upload('gate.jpg', JPEG, 'image/jpeg')}"
    bot.webex.scans = 1
    locked = bot.ask("GET", path)
    assert (locked.status_code, locked.headers["Retry-After"]) == (423, "1")
    assert bot.ask("GET", path).content == JPEG


def test_a_file_name_may_be_in_any_script(bot: Bot) -> None:
    path = f"/v1/contents/{bot.upload('カメラ.jpg', JPEG, 'image/jpeg')}"
    answer = bot.ask("HEAD", path)
    assert answer.status_code == 200
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("image/jpeg", "inline"), ("image/svg+xml", "attachment")],
)
def test_only_plain_pictures_are_shown_on_the_page(
    bot: Bot, kind: str, shown: str
) -> None:
    file_id = bot.upload("x", JPEG, kind)
    answer = requests.get(f"{bot.url}/page/files/{file_id}", timeout=10)
    assert answer.headers["Content-Disposition"].startswith(shown)
    assert ("<img" in bot.ask("GET", "/").text) is (shown == "inline")


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        pytest.param("a **b** <i>", "a <strong>b</strong> &lt;i&gt;", id="bold"),
        pytest.param(
            "[x](http://here:80/y)", '<a href="http://here:80/y">x</a>', id="own host"
        ),
        pytest.param(
            "[x](https://there/y)",
            '<span class="link" title="https://there/y">x</span>',
            id="another host",
        ),
        pytest.param(
            '[<b>](https://there/"y)',
            '<span class="link" title="https://there/&#34;y">&lt;b&gt;</span>',
            id="markup in a link",
        ),
        pytest.param("[x](javascript:y)", "[x](javascript:y)", id="no address"),
    ],
)
def test_of_markdown_bold_and_links_are_shown(markdown: str, html: str) -> None:
    assert str(as_html(markdown, lambda url: "//here" in url)) == html


def test_an_upload_that_breaks_off_leaves_no_file_open() -> None:
    # Warnings are errors here: a file that only the garbage collector closes fails.
    webex = FakeWebex(rooms=("Alarms",))
    part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n'
    with serve(webex_app(webex)) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(
                b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
                b"Authorization: Bearer " + webex.bot_token.encode() + b"\r\n"
                b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
                + part
                + b"Content-Type: image/jpeg\r\n\r\n"
                + bytes(700_000)
            )
        wait_until(lambda: bool(webex.asked), "the upload came in")
    gc.collect()
    assert webex.messages == []
