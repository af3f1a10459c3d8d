"""Mutes that people set and end on the page."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from mvsnap.core.mutes import new_mute
from mvsnap.domain import Mute, Role
from tests.clients.fakes import FakeClock
from tests.web.build import GATE, Web, send, words
from tests.web.settings_build import IN_FILE, PAGE, ZONE, audited, open_web
from tests.web.settings_build import web as web


def mutes(web: Web) -> list[Mute]:
    return web.site.mutes(datetime.now(UTC))


def test_a_reviewer_mutes_and_ends_it(web: Web) -> None:
    reviewer = web.log_in(Role.REVIEWER)
    place = f"{GATE} {ZONE}"
    answer = send(reviewer, f"{PAGE}/mutes", place=place, minutes="15")
    assert (answer.status_code, answer.location) == (303, f"{PAGE}/mutes")
    (mute,) = mutes(web)
    assert (mute.serial, mute.zone_id, mute.muted_by) == (GATE, ZONE, "reviewer")
    text = words(reviewer.get(f"{PAGE}/mutes").text)
    assert "Gate north, Waiting area Ends in 15 min" in text
    send(reviewer, f"{PAGE}/mutes/{mute.id}/end")
    assert mutes(web) == []
    assert len(audited(web)) == 2


@pytest.mark.parametrize(
    ("place", "expected"),
    [("", (None, None)), (f"{GATE} *", (GATE, None)), (f"{GATE} 0", (GATE, "0"))],
    ids=["all", "a camera", "the full frame of a camera"],
)
def test_all_or_one_camera_or_one_zone_is_muted(
    web: Web, admin: FlaskClient, place: str, expected: tuple[str | None, str | None]
) -> None:
    send(admin, f"{PAGE}/mutes", place=place, minutes="60")
    (mute,) = mutes(web)
    assert (mute.serial, mute.zone_id) == expected


def test_a_mute_until_a_time_means_the_time_of_the_site(tmp_path: Path) -> None:
    clock = FakeClock()  # of a day without an hour that is there twice
    web = open_web(tmp_path, sense=IN_FILE, clock=clock)
    until = clock.now() + timedelta(hours=5)
    text = f"{until.astimezone(ZoneInfo('Europe/Berlin')):%Y-%m-%dT%H:%M}"
    fields = {"place": "", "minutes": "until", "until": text}
    send(web.log_in(Role.ADMIN), f"{PAGE}/mutes", **fields)
    (mute,) = web.site.mutes(clock.now())
    web.close()
    # Mutes last whole minutes from now: less than one longer than was asked for.
    assert timedelta() <= mute.until - until < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("given", "name", "said"),
    [
        ({"minutes": "0"}, "minutes", "expected 1 to"),
        ({"minutes": "x"}, "minutes", "expected 1 to"),
        ({"minutes": "until"}, "until", "Enter a date and time."),
        ({"minutes": "until", "until": "soon"}, "until", "not a time"),
        ({"minutes": "until", "until": "2020-01-01T10:00"}, "until", "the next week"),
        ({"minutes": "until", "until": "2199-01-01T10:00"}, "until", "the next week"),
        ({"minutes": "15", "place": f"{GATE} 99"}, "place", "no such zone"),
        ({"minutes": "15", "place": "camera *"}, "place", "Not a Meraki serial"),
    ],
)
def test_a_mistake_in_a_mute_is_shown_at_its_field(
    web: Web, admin: FlaskClient, given: dict[str, str], name: str, said: str
) -> None:
    answer = send(admin, f"{PAGE}/mutes", **given)
    assert answer.status_code == 400
    found = re.search(f'id="{name}-mistake">([^<]*)<', answer.text)
    assert found, answer.text
    assert said in found[1]
    assert mutes(web) == []


def test_a_mute_that_is_over_cannot_be_ended(web: Web, admin: FlaskClient) -> None:
    assert send(admin, f"{PAGE}/mutes/nonsense/end").status_code == 303
    assert "That mute had already ended." in admin.get(f"{PAGE}/mutes").text


def test_a_viewer_does_not_mute(web: Web) -> None:
    viewer = web.log_in(Role.VIEWER)
    mute, change = new_mute(None, None, "60", "anna", datetime.now(UTC), UTC)
    web.site.mute(mute, change)
    assert viewer.get(f"{PAGE}/mutes").status_code == 403
    for path in ("mutes", f"mutes/{mute.id}/end"):
        assert send(viewer, f"{PAGE}/{path}", minutes="15").status_code == 403
    assert mutes(web) == [mute]
