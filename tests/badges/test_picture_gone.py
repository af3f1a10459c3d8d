"""Fetch again, when the picture was there once, or is there still."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from flask.testing import FlaskClient

from mvsnap.badges.model import BadgeEvent, BadgePictureState
from mvsnap.domain import Role
from tests.badges.build import badge
from tests.web.build import GATE, Web, send


def with_picture(folder: Path) -> tuple[Web, FlaskClient, BadgeEvent, str]:
    web = Web(folder, badges={"camera_of_reader": {"Gate": GATE}})
    made = badge(now=datetime.now(UTC))
    web.badges.add([made])
    path = web.files.save_picture("badges", made.id, made.swiped_at, b"x")
    web.badge_pictures.fetched(made.id, path, None)
    return web, web.log_in(Role.REVIEWER), made, path


def state(web: Web, made: BadgeEvent) -> BadgePictureState:
    found = web.badges.badge(made.id)
    assert found is not None
    return found.picture


def test_a_missing_picture_is_requested_again(tmp_path: Path) -> None:
    web, client, made, path = with_picture(tmp_path)
    web.files.remove(path)
    html = client.get(f"/badges/{made.id}").text
    assert ("The picture is no longer available." in html, "Fetch again" in html) == (
        True,
        True,
    )
    send(client, f"/badges/{made.id}/picture")
    assert state(web, made) is BadgePictureState.WAITING
    assert "The picture is being fetched." in client.get(f"/badges/{made.id}").text


def test_when_nothing_is_asked_the_page_says_so(tmp_path: Path) -> None:
    web, client, made, _ = with_picture(tmp_path)
    answer = send(client, f"/badges/{made.id}/picture")
    assert "The picture is already there or being" in client.get(answer.location).text
    assert state(web, made) is BadgePictureState.FETCHED
