"""The audit log says who looked at what, and who was refused, within limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from mvsnap.core.users import DOWNLOADED, REFUSED, VIEWED
from mvsnap.domain import Change, Event, EventId, EventKind, Role
from mvsnap.simulator.directory import portrait_of
from mvsnap.store.audit import AuditFilter
from mvsnap.texts.wording import Reason
from mvsnap.web.access_limits import MOST_AN_HOUR, AccessLimits
from tests.core import build
from tests.core.build import NOON
from tests.web.build import BUTTON, KEY, READER, Web, send
from tests.web.clip_build import add_film

EVENTS = "/api/v1.0/events"
VIDEO = bytes(range(256)) * 10


def pictured(web: Web, number: int, kind: EventKind = EventKind.SNAPSHOT) -> Event:
    event_id = EventId(f"11111111-1111-4111-8111-{number:012}")
    path = web.files.save_snapshot(event_id, NOON, portrait_of("1"))
    made = build.event(id=event_id, kind=kind, snapshot_path=path, camera_name="Gate")
    web.store.add_event(made)
    return made


def lines(web: Web, kind: str | None = None) -> list[tuple[str, str, str]]:
    found = web.audit.lines(AuditFilter(kind=kind), 500)
    return [(line.change.who, line.change.what, line.change.after) for line in found]


def test_who_looks_at_a_picture_is_noted_once_and_thumbnails_are_not(web: Web) -> None:
    event = pictured(web, 1)
    viewer, reader = web.log_in(Role.VIEWER), web.client(READER)
    for client in (viewer, reader):
        client.get(f"{EVENTS}/{event.id}/thumbnail.jpg", buffered=True)
        for _ in range(3):
            assert client.get(f"{EVENTS}/{event.id}/snapshot.jpg", buffered=True)
    assert client.get(f"{EVENTS}/none/snapshot.jpg").status_code == 404
    said = f"picture of event {event.id}, Gate"
    assert lines(web, "viewed") == [
        ("reader", VIEWED, said),
        ("viewer", VIEWED, said),
    ]


def test_each_download_of_a_clip_is_noted_and_its_parts_are_not(web: Web) -> None:
    clip = add_film(web, NOON, VIDEO, b"")
    viewer, address = web.log_in(Role.VIEWER), f"/clips/{clip.id}/clip.mp4"
    for part in ("bytes=0-", "bytes=100-199", "bytes=200-"):
        viewer.get(address, headers={"Range": part}, buffered=True)
    for part in ("bytes=0-", "bytes=100-199"):
        saved = viewer.get(
            f"{address}?download=1", headers={"Range": part}, buffered=True
        )
        assert saved.status_code == 206
    viewer.get(f"{address}?download=1", buffered=True)
    viewer.get(f"{EVENTS}.csv", buffered=True)
    said = f"clip {clip.id}, {clip.camera}"
    assert lines(web, "viewed") == [("viewer", VIEWED, said)]
    assert lines(web, "downloaded") == [
        ("viewer", DOWNLOADED, "mvsnap-events.csv"),
        ("viewer", DOWNLOADED, said),
        ("viewer", DOWNLOADED, said),
    ]


def test_who_reads_the_name_of_a_cardholder_is_noted(web: Web) -> None:
    event = pictured(web, 1, EventKind.MISMATCH)
    assert web.client().get(f"{EVENTS}/{event.id}").status_code == 200
    pictured(web, 2)
    assert web.client().get(EVENTS).status_code == 200
    assert web.client(READER).get(EVENTS).status_code == 200
    assert lines(web, "viewed") == [
        ("all", VIEWED, "list of events with the name of a cardholder"),
        ("all", VIEWED, f"event {event.id} with the name of a cardholder"),
    ]


def test_a_403_is_noted_with_its_path_and_never_with_a_token(tmp_path: Path) -> None:
    token = {"name": "line", "token": "a-token-of-the-line-3"}
    web = Web(tmp_path, webhooks={"tokens": [token]})
    viewer = web.log_in(Role.VIEWER)
    assert viewer.get("/settings").status_code == 403
    assert viewer.get("/settings").status_code == 403
    button = web.client(BUTTON)
    assert button.get(EVENTS, query_string={"apikey": "x"}).status_code == 403
    assert button.post("/webhook", json={"text": "x"}).status_code == 403
    assert web.client("a-wrong-key").get(EVENTS).status_code == 401
    named = {"mvSerial": "Q2SM-0000-0001", "text": "x"}
    web.client(None).post(f"/webhook/{token['token']}", json=named)
    found = lines(web, "refused")
    assert found[-1] == (
        "viewer",
        REFUSED,
        "GET /settings: Only admins can open this page",
    )
    who = [(name, what.partition(":")[0]) for name, _, what in found]
    assert who == [
        ("button", "POST /webhook"),
        ("button", f"GET {EVENTS}"),
        ("viewer", "GET /settings"),
    ]
    assert KEY not in str(found)
    assert token["token"] not in str(found)


def test_a_network_of_ipv6_fills_no_more_of_the_log_than_an_address(web: Web) -> None:
    """Without a log-in: anybody may send a link with a wrong signature."""
    client, most = web.client(None), MOST_AN_HOUR[REFUSED]
    for n in range(1, most + 20):
        client.environ_base["REMOTE_ADDR"] = f"2001:db8::{n:x}"
        assert client.get(f"/evidence/{n}/clip.mp4").status_code == 403
    assert len(lines(web, "refused")) == most + 1


def picture(number: int) -> Reason:
    text = f"picture {number}"
    return Reason(text)


@pytest.mark.parametrize("what", MOST_AN_HOUR)
def test_nobody_fills_the_log(what: str) -> None:
    limits, most = AccessLimits(), MOST_AN_HOUR[what]
    said = [limits.line("eve", what, picture(n)) for n in range(most + 50)]
    assert said[:most] == [f"picture {n}" for n in range(most)]
    assert said[most] == f"more than {most} in an hour: others are not listed"
    assert set(said[most + 1 :]) == {None}
    assert limits.line("ben", what, picture(1)) == "picture 1"


def test_a_log_that_cannot_be_written_hides_no_picture(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = pictured(web, 1)

    def fail(_change: Change) -> None:
        raise OperationalError("insert", None, Exception("disk I/O error"))

    monkeypatch.setattr(web.audit, "add", fail)
    answer = web.client().get(f"{EVENTS}/{event.id}/snapshot.jpg", buffered=True)
    assert answer.status_code == 200


def test_the_page_shows_and_filters_them(web: Web) -> None:
    pictured(web, 1)
    viewer, admin = web.log_in(Role.VIEWER), web.log_in(Role.ADMIN)
    viewer.get("/settings")
    viewer.get(f"{EVENTS}.csv", buffered=True)
    send(admin, "/settings/mutes", place="", minutes="60")
    for kind, shown in (
        ("refused", "GET /settings"),
        ("downloaded", "mvsnap-events.csv"),
        ("changes", "mute of all cameras"),
        ("logins", "from 127.0.0.1"),
    ):
        html = admin.get(f"/audit?kind={kind}").text
        assert shown in html
        others = {"refused", "downloaded", "viewed", "login"} - {kind, kind[:-1]}
        cells = re.findall(r'audit-what" role="cell">([^<]*)<', html)
        assert cells
        assert not others & set(cells)
    assert admin.get("/audit?kind=other").status_code == 400
    table = admin.get("/audit.csv?kind=refused").text
    assert "viewer,refused" in table
    assert "downloaded" not in table
    changes = web.site.changes(50)
    assert not {c.what for c in changes} & {VIEWED, DOWNLOADED, REFUSED}
    assert changes


def test_a_refusal_is_said_in_the_language_of_the_site(tmp_path: Path) -> None:
    web = Web(tmp_path, site={"locale": "de"})
    refused = web.log_in(Role.VIEWER).get("/settings")
    german = "Nur Administratoren dürfen diese Seite öffnen"
    assert f"{german}." in refused.text
    web.client(BUTTON).get(EVENTS)
    assert [after for _, _, after in lines(web, "refused")] == [
        f"GET {EVENTS}: This key does not have the scope 'read'",
        "GET /settings: Only admins can open this page",
    ]
    html = web.log_in(Role.ADMIN).get("/audit?kind=refused").text
    assert f">GET /settings: {german}<" in html
    assert (
        f">GET {EVENTS}: Dieser Schlüssel hat das Recht &#39;read&#39; nicht<" in html
    )
