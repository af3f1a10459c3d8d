"""The list of crowd events: rows, filters, pages, live, CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy import event as hooks

from mvsnap.domain import (
    Camera,
    DeliveryState,
    Event,
    EventId,
    EventKind,
    JobId,
    Role,
    Serial,
    Zone,
    ZoneId,
)
from mvsnap.resources import STATIC
from mvsnap.simulator.server import serve
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from tests.changes import log_line
from tests.core import build
from tests.servers.browser import dump_dom
from tests.web.build import DOOR, GATE, LateIn2026, Web, below_field, words

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PAGE = "/crowd-events"
ROWS = "/crowd-events/rows"
TABLE = "/crowd-events.csv"
SCRIPT = "/static/crowd-events.js"
VIDEO = "https://n1.meraki.com/video?timestamp=1"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    made = Web(
        tmp_path,
        clock=LateIn2026(),
        site={"timezone": "Europe/Berlin"},
        sense={"enabled": True, "people": 3},
    )
    yield made
    made.close()


def add_crowd(web: Web, at: datetime | None = None, **given: Any) -> Event:
    """Add a crowd with a job of its own, now by default."""
    at = at or web.clock.now()
    fields: dict[str, Any] = {
        "kind": EventKind.CROWD,
        "occurred_at": at,
        "recorded_at": at,
        "camera_name": "Gate north",
        "zone_id": ZoneId("7"),
        "zone_name": "Waiting area",
        "details": {"people": 5, "limit": 3, "dwell_s": 60.0},
    }
    event = build.event(**(fields | given))
    event = replace(event, job_id=JobId(f"job of {event.id}"))
    web.store.add_event(event)
    return event


def add_picture(web: Web, crowd: Event, **given: Any) -> Event:
    fields: dict[str, Any] = {
        "job_id": crowd.job_id,
        "serial": crowd.serial,
        "video_link": VIDEO,
        "snapshot_path": "snapshots/a.jpg",
    }
    picture = build.event(**(fields | given))
    web.store.add_event(picture)
    return picture


def add_end(web: Web, crowd: Event) -> Event:
    end = build.event(
        kind=EventKind.END,
        occurred_at=crowd.occurred_at + timedelta(seconds=184),
        job_id=crowd.job_id,
        serial=crowd.serial,
        details={"of": crowd.id, "peak": 7, "duration_s": 184.0},
    )
    web.store.add_event(end)
    return end


def listed(client: FlaskClient, address: str = ROWS) -> list[str]:
    """Return the ids of the crowds that are shown."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return re.findall(r'<tr id="crowd-([^"]+)"', answer.text)


def test_a_crowd_is_shown_as_soon_as_it_is_raised(
    web: Web, viewer: FlaskClient
) -> None:
    crowd = add_crowd(web, datetime(2026, 7, 1, 6, 15, tzinfo=UTC))
    text = words(viewer.get(PAGE).text)
    assert "Wed 01 Jul 08:15:00" in text
    assert "Gate north Waiting area 5 people 3 or more for 1 min" in text
    assert listed(viewer, PAGE) == [crowd.id]


def test_a_crowd_whose_time_is_still_to_come_says_that_a_clock_was_wrong(
    web: Web, viewer: FlaskClient
) -> None:
    add_crowd(web)
    marks = "in the future: a clock was wrong"
    assert marks not in words(viewer.get(ROWS).text)
    add_crowd(web, LateIn2026().now() + timedelta(days=365))
    assert words(viewer.get(ROWS).text).count(marks) == 1
    assert "Show today" in words(viewer.get(ROWS).text)


def test_a_crowd_that_lasts_says_now_until_it_ended(
    web: Web, viewer: FlaskClient
) -> None:
    crowd = add_crowd(web)
    assert ">now</span>" in viewer.get(ROWS).text
    add_end(web, crowd)
    html = viewer.get(ROWS).text
    assert "peak: 7 people 3 or more for 1 min 3 min 4 s" in words(html)
    assert ">now</span>" not in html


def test_a_picture_has_a_thumbnail_and_a_link_to_the_video(
    web: Web, viewer: FlaskClient
) -> None:
    crowd = add_crowd(web)
    assert "Fetching the picture" in viewer.get(ROWS).text
    picture = add_picture(web, crowd)
    html = viewer.get(ROWS).text
    assert f'src="/api/v1.0/events/{picture.id}/thumbnail.jpg"' in html
    assert f'href="/api/v1.0/events/{picture.id}/snapshot.jpg"' in html
    assert re.search(r'alt="Gate north, Waiting area, [^"]+\. Enlarge"', html)
    (link,) = re.findall(r"<a [^>]*>Video</a>", html)
    assert f'href="{VIDEO}"' in link
    assert 'rel="noreferrer noopener"' in link


def test_a_picture_has_its_own_time_and_not_that_of_the_begin(
    web: Web, viewer: FlaskClient
) -> None:
    began_at = datetime(2026, 7, 1, 6, 15, tzinfo=UTC)
    add_picture(
        web, add_crowd(web, began_at), occurred_at=began_at + timedelta(seconds=62)
    )
    html = viewer.get(ROWS).text
    own = "Gate north, Waiting area · Wed 01 Jul 08:16:02 · 5 people"
    assert re.findall(r'data-caption="([^"]+)"', html) == [own]
    assert 'alt="Gate north, Waiting area, Wed 01 Jul 08:16:02. Enlarge"' in html
    assert "08:15:00</time>" in html


def test_a_missing_picture_says_why(web: Web, viewer: FlaskClient) -> None:
    add_picture(web, add_crowd(web), snapshot_path=None, error="Camera <offline>")
    html = viewer.get(ROWS).text
    assert "Camera &lt;offline&gt;" in html
    assert "<img" not in html


def test_who_muted_a_crowd_is_shown(web: Web, viewer: FlaskClient) -> None:
    add_crowd(web, details={"people": 5, "muted_by": "anna"})
    assert "Muted by anna" in viewer.get(ROWS).text


def test_snapshots_of_other_triggers_are_no_crowds(
    web: Web, viewer: FlaskClient
) -> None:
    web.store.add_event(build.event())
    assert listed(viewer) == []


def test_names_from_outside_stay_text(web: Web, viewer: FlaskClient) -> None:
    add_crowd(web, camera_name='"><script>x</script>', zone_name="<b>")
    html = viewer.get(PAGE).text
    assert "<script>x" not in html
    assert "<b>" not in html


def test_older_goes_on_until_the_end_and_newest_comes_back(
    web: Web, viewer: FlaskClient
) -> None:
    now = web.clock.now()
    expected = [
        add_crowd(web, now - timedelta(minutes=n), serial=GATE).id for n in range(60)
    ]
    visited: list[str] = []
    address: str | None = f"{PAGE}?serial={GATE}"
    while address:
        html = viewer.get(address).text
        visited += listed(viewer, address)
        older = re.search(r'href="([^"]+)"[^>]*>Older', html)
        address = older[1].replace("&amp;", "&") if older else None
        assert (len(visited) > 25) is ("Newest</a>" in html)
    assert visited == expected
    assert f'data-key="newest" href="{PAGE}?serial={GATE}"' in html


def test_a_page_that_is_just_full_has_no_older_one(
    web: Web, viewer: FlaskClient
) -> None:
    for minutes in range(25):
        add_crowd(web, web.clock.now() - timedelta(minutes=minutes))
    html = viewer.get(PAGE).text
    assert "Older" not in html
    assert len(listed(viewer)) == 25


def test_a_crossed_line_has_one_name_on_all_pages(
    web: Web, viewer: FlaskClient
) -> None:
    add_crowd(web, kind=EventKind.CROSSING)
    html = viewer.get(PAGE).text
    assert html.count("Line crossing") == 3  # to choose, in the row and in its news
    assert "Crossing" not in html


def test_filters_choose_camera_zone_and_kind(web: Web, viewer: FlaskClient) -> None:
    first = add_crowd(web, serial=GATE, zone_id=ZoneId("7"))
    second = add_crowd(web, serial=DOOR, zone_id=ZoneId("0"), kind=EventKind.NOISE)
    assert listed(viewer, f"{ROWS}?serial={GATE.lower()}") == [first.id]
    assert listed(viewer, f"{ROWS}?zone_id=0") == [second.id]
    assert listed(viewer, f"{ROWS}?kind=noise") == [second.id]
    assert listed(viewer, f"{ROWS}?kind=crowd&zone_id=0") == []
    assert listed(viewer, f"{ROWS}?kind=&serial=&zone_id=&day=") == [
        second.id,
        first.id,
    ]


@pytest.mark.parametrize(
    ("day", "begin", "hours"),
    [
        pytest.param(
            "2026-03-29", datetime(2026, 3, 28, 23, tzinfo=UTC), 23, id="clocks forward"
        ),
        pytest.param(
            "2026-10-25", datetime(2026, 10, 24, 22, tzinfo=UTC), 25, id="clocks back"
        ),
    ],
)
def test_a_day_is_the_one_of_the_site_also_when_clocks_change(
    web: Web, viewer: FlaskClient, day: str, begin: datetime, hours: int
) -> None:
    end, second = begin + timedelta(hours=hours), timedelta(seconds=1)
    moments = (begin - second, begin, end - second, end)
    _, first, last, _ = (add_crowd(web, moment).id for moment in moments)
    assert listed(viewer, f"{PAGE}?day={day}") == [last, first]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("day=yesterday", "day: not a date"),
        ("kind=snapshot", "kind: 'snapshot' (expected one of: crowd, noise, crossing)"),
        ("serial=camera", "serial: Not a Meraki serial"),
        ("zone_id=door", "zone_id: 'door' (expected digits"),
        ("after=%00", "after: "),
    ],
)
def test_a_bad_filter_is_named_and_the_page_stays_usable(
    viewer: FlaskClient, query: str, said: str
) -> None:
    answer = viewer.get(f"{PAGE}?{query}")
    assert answer.status_code == 400
    assert below_field(said) in answer.text.replace("&#39;", "'")
    assert '<select class="form-select' in answer.text
    for address in (ROWS, TABLE):
        refused = viewer.get(f"{address}?{query}", headers={"Accept": "*/*"})
        assert refused.status_code == 400
        body: Any = refused.get_json()
        assert said in body["error"]["message"]


def test_cameras_and_zones_are_picked_by_name(web: Web, viewer: FlaskClient) -> None:
    now = web.clock.now()
    web.site.keep_cameras([Camera(Serial(GATE), "Gate north", "MV12", "N_1")], now)
    web.site.keep_zones(Serial(GATE), [Zone("7", "Waiting area")])
    web.sense.note_last_seen({Serial(DOOR): now}, now)
    html = viewer.get(f"{PAGE}?serial={GATE}&zone_id=7").text
    assert f'<option value="{GATE}" selected>Gate north</option>' in html
    assert f'<option value="{DOOR}">{DOOR}</option>' in html
    assert '<option value="7" selected>Waiting area</option>' in html


def test_a_filter_nobody_knows_any_more_stays_chosen(viewer: FlaskClient) -> None:
    html = viewer.get(f"{PAGE}?serial={GATE}&zone_id=99").text
    assert f'<option value="{GATE}" selected>{GATE}</option>' in html
    assert '<option value="99" selected>Zone 99</option>' in html
    assert "Nothing matches." in html


def test_an_empty_list_says_what_makes_a_crowd(web: Web) -> None:
    html = web.log_in(Role.ADMIN).get(PAGE).text
    assert "3 people or more in a zone for 1 min" in html
    assert '<a href="/settings">Settings</a>' in html


def test_an_empty_list_says_that_mv_sense_is_off(web: Web, viewer: FlaskClient) -> None:
    change = log_line(web.clock.now(), "anna", "sense.enabled", "on", "off")
    web.site.choose({"sense.enabled": False}, "anna", web.clock.now(), [change])
    html = viewer.get(PAGE).text
    assert "MV Sense is off" in html
    assert "sense.host" not in html  # it has one
    assert 'href="/settings"' not in html  # a viewer may not go there


def test_the_rows_are_sent_again_only_when_they_changed(
    web: Web, viewer: FlaskClient
) -> None:
    crowd = add_crowd(web)
    etag = viewer.get(ROWS).headers["ETag"]
    assert f'data-etag="{etag.strip(chr(34))}"' in viewer.get(PAGE).text
    for change in (
        partial(add_picture, web, crowd),
        partial(add_end, web, crowd),
        partial(add_crowd, web),
    ):
        same = viewer.get(ROWS, headers={"If-None-Match": etag})
        assert (same.status_code, same.data) == (304, b"")
        assert same.headers["ETag"] == etag
        change()
        fresh = viewer.get(ROWS, headers={"If-None-Match": etag})
        assert (fresh.status_code, fresh.mimetype) == (200, "text/html")
        etag = fresh.headers["ETag"]


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    found: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            found.append(statement)

    hooks.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        hooks.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize(("crowds", "number"), [(0, 2), (30, 3)])
def test_asking_for_the_rows_takes_three_queries_at_most(
    web: Web, viewer: FlaskClient, crowds: int, number: int
) -> None:
    for _ in range(crowds):
        add_picture(web, add_crowd(web))
    with counted_queries() as queries:
        viewer.get(ROWS)
    assert len([q for q in queries if "FROM sessions" not in q]) == number


def table(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"{TABLE}?{query}")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_the_table_holds_every_crowd_whatever_the_page(
    web: Web, viewer: FlaskClient
) -> None:
    now = web.clock.now()
    crowds = [add_crowd(web, now - timedelta(minutes=n)) for n in range(30)]
    add_end(web, crowds[0])
    rows = table(viewer, f"after={crowds[9].id}")
    assert len(rows) == 30
    assert (rows[0]["people"], rows[0]["peak"]) == ("5", "7")
    assert (rows[0]["duration_s"], rows[1]["ended"]) == ("184.0", "")


def test_the_table_takes_filters_and_is_no_formula(
    web: Web, viewer: FlaskClient
) -> None:
    add_crowd(web, serial=GATE)
    add_crowd(web, serial=DOOR, camera_name="=1+1")
    (row,) = table(viewer, f"serial={DOOR}")
    assert row["camera"] == "'=1+1"


def test_the_script_learns_that_a_login_ended(web: Web) -> None:
    answer = web.app.test_client().get(ROWS, headers={"Accept": "*/*"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("role", "shown"), [(Role.VIEWER, False), (Role.REVIEWER, True)]
)
def test_only_who_may_mute_sees_the_way_to_it(
    web: Web, role: Role, shown: bool
) -> None:
    assert ('href="/settings/mutes"' in web.log_in(role).get(PAGE).text) is shown


# --- in a browser


class Opened:
    """What stands before the application for a browser that nobody types in.

    Every request gets the session of a viewer.

    meanwhile: called before the script's first question is answered; it may return
    a status for all of its answers.
    acts: what a person does on the page, as a script.
    """

    def __init__(
        self, web: Web, meanwhile: Callable[[], str | None], acts: str
    ) -> None:
        self._inner, self._meanwhile, self._acts = web.app.wsgi_app, meanwhile, acts
        cookie = web.log_in(Role.VIEWER).get_cookie("mvsnap")
        assert cookie is not None
        self._cookie = f"mvsnap={cookie.value}"
        self._asked = False
        self._status: str | None = None

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == SCRIPT and self._acts:
            start_response("200 OK", [("Content-Type", "text/javascript")])
            script = (STATIC / Path(SCRIPT).name).read_bytes()
            return [script, b"\n", self._acts.encode()]
        if path == ROWS and not self._asked:
            self._asked, self._status = True, self._meanwhile()
        if path == ROWS and self._status:
            start_response(self._status, [("Content-Type", "text/plain")])
            return [b""]
        environ["HTTP_COOKIE"] = self._cookie
        return self._inner(environ, start_response)


def seen(web: Web, meanwhile: Callable[[], str | None], acts: str = "") -> str:
    """Return the page as it is some seconds after it was opened."""
    web.app.wsgi_app = Opened(web, meanwhile, acts)  # type: ignore[method-assign]  # as Flask documents
    with serve(web.app) as url:
        return dump_dom(f"{url}{PAGE}", settle_ms=4000)


def test_a_new_crowd_appears_without_reload_and_is_announced(web: Web) -> None:
    first = add_crowd(web, web.clock.now() - timedelta(minutes=5))
    second = EventId("a-crowd-that-comes-later")

    def meanwhile() -> None:
        add_crowd(web, id=second)

    html = seen(web, meanwhile)
    assert re.findall(r'<tr id="crowd-([^"]+)"', html) == [second, first.id]
    assert ">Crowd: 5 people, Gate north, Waiting area</p>" in html
    assert ">Live</span>" in html


def test_news_of_a_row_take_neither_the_focus_nor_the_large_picture(web: Web) -> None:
    crowd = add_crowd(web)
    picture = add_picture(web, crowd)
    acts = """
        document.querySelector("[data-key=picture]").focus();
        document.activeElement.click();
        setTimeout(() => {
          document.body.dataset.open = document.querySelector("dialog").open;
          document.querySelector("dialog").close();
        }, 3000);
        setTimeout(() => {
          document.body.dataset.focus = document.activeElement.getAttribute("href");
        }, 3500);
    """

    def meanwhile() -> None:
        add_end(web, crowd)

    html = seen(web, meanwhile, acts)
    assert "peak: 7 people" in html
    assert 'data-open="true"' in html
    assert f'data-focus="/api/v1.0/events/{picture.id}/snapshot.jpg"' in html


def test_a_gateway_that_does_not_answer_is_reported(web: Web) -> None:
    crowd = add_crowd(web)
    html = seen(web, lambda: "503 Service Unavailable")
    assert "Connection lost, trying again" in html
    assert f'id="crowd-{crowd.id}"' in html


def test_a_login_that_ended_offers_to_log_in(web: Web) -> None:
    html = seen(web, lambda: "401 Unauthorized")
    assert "Your session has ended." in html
    assert '<a href="/login?next=/crowd-events">Log in again</a>' in html


def test_a_failed_delivery_is_shown_with_the_reason(
    web: Web, viewer: FlaskClient
) -> None:
    crowd = add_crowd(web)
    web.store.set_delivery(
        crowd.job_id,
        crowd.serial,
        "Nonesuch",
        DeliveryState.FAILED,
        crowd.recorded_at,
        error=Reason("no room 'Nonesuch'"),
    )
    assert "Not delivered: no room" in viewer.get(ROWS).text
