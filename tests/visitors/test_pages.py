"""The visitors' pages: who came where and when, from two sources that stay apart."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap import texts
from mvsnap.clients.meraki.zones import CountedZone, ZoneKind
from mvsnap.domain import FULL_FRAME, Camera, Presence, Serial, ZoneId
from mvsnap.store.sense import Findings
from mvsnap.texts.wordings import MERAKI_NO_LIST
from mvsnap.visitors.model import CountingCamera, DayCount, HourPicture
from mvsnap.visitors.rules import HourCount, HourPictureState
from tests.clients.fakes import picture as jpeg
from tests.web.build import DOOR as DOOR_TEXT
from tests.web.build import GATE as GATE_TEXT
from tests.web.build import Web

GATE, DOOR = Serial(GATE_TEXT), Serial(DOOR_TEXT)
HALL, LINE = ZoneId("7"), ZoneId("l1")
# A Wednesday in summer, 14:20 in Berlin.
NOW = datetime(2026, 7, 1, 12, 20, tzinfo=UTC)
MIDNIGHT = datetime(2026, 6, 30, 22, 0, tzinfo=UTC)
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
ZONE_PAGE = f"/visitors/{GATE}/{HALL}"


class StandingClock:
    stopped = False

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def passed_since(self, moment: datetime) -> timedelta:
        return NOW - moment

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"a page waits for {seconds} s")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    made = Web(
        tmp_path,
        clock=StandingClock(),
        site={"timezone": "Europe/Berlin"},
        meraki={"api_key": "a-dashboard-key"},
    )
    yield made
    made.close()


def know(web: Web, *zones: tuple[Serial, ZoneId, str], kind: str = "zone") -> None:
    """Let the Dashboard have named cameras and zones."""
    names = {GATE: "Gate north", DOOR: "Back door"}
    cameras = [Camera(s, name, "MV12", "N_1") for s, name in names.items()]
    web.site.keep_cameras(cameras, NOW)
    for serial in dict.fromkeys(serial for serial, _, _ in zones):
        web.visitors.keep_camera(CountingCamera(serial, True, NOW))
        web.visitors.keep_zones(
            serial,
            [
                CountedZone(serial, zone_id, ZoneKind(kind), label)
                for s, zone_id, label in zones
                if s == serial
            ],
        )


def count_day(
    web: Web,
    entrances: int,
    people: float | None = 1.0,
    *,
    serial: Serial = GATE,
    zone_id: ZoneId = HALL,
    days_ago: int = 0,
) -> None:
    begin = MIDNIGHT - days_ago * DAY
    numbers = (entrances, people, 3600.0)
    web.visitors.keep_days(
        [DayCount(serial, zone_id, begin, *numbers, is_over=days_ago > 0)]
    )


def count_hours(web: Web, *hours: HourCount, zone_id: ZoneId = HALL) -> None:
    span = (MIDNIGHT, MIDNIGHT + DAY)
    web.visitors.keep_hours(GATE, zone_id, span, hours, NOW)


def see(web: Web, at: datetime, people: int, zone_id: ZoneId = HALL) -> None:
    seen = Presence(GATE, zone_id, at, at + MINUTE, people)
    web.sense.save(Findings(presences=[seen]), NOW)


def words(html: str) -> str:
    """Return what a person reads."""
    html = re.sub(r"<svg.*?</svg>", " ", html, flags=re.S)
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def table(html: str) -> list[list[str]]:
    """Return the cells of the table of zones, or of hours, as text."""
    rows = html.partition('-rows" role="table"')[2]
    body = rows.partition("<tbody")[2].partition("</tbody>")[0]
    return [
        [words(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, flags=re.S)]
        for row in body.split("</tr>")[:-1]
    ]


def titles(html: str) -> list[str]:
    wide = html.partition("chart-wide")[2].partition("</svg>")[0]
    return re.findall(r"<title>([^<]*)</title>", wide)


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


# --- the list


def test_both_sources_stand_in_columns_of_their_own(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"))
    count_day(web, 40, 2.0)
    count_day(web, 60, 4.0, days_ago=1)
    count_day(web, 999, days_ago=7)
    see(web, NOW - HOUR, 5)
    see(web, NOW - 2 * HOUR, 3, ZoneId("8"))
    assert table(viewer.get("/visitors").text) == [
        ["Gate north", "Hall", "100", "3.0", "5", "–", "Wed 01 Jul 13:21:00"],
        ["Gate north", "Zone 8", "–", "–", "3", "–", "Wed 01 Jul 12:21:00"],
    ]


def test_the_chart_adds_up_the_full_frames_alone(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, FULL_FRAME, "Full Frame"), (GATE, HALL, "Hall"))
    know(web, (DOOR, FULL_FRAME, "Full Frame"))
    count_day(web, 40, zone_id=FULL_FRAME)
    count_day(web, 30, zone_id=HALL)
    count_day(web, 20, serial=DOOR, zone_id=FULL_FRAME)
    html = viewer.get("/visitors").text
    assert titles(html) == [
        "Gate north, Wed 1: 40 entrances so far",
        "Back door, Wed 1: 20 entrances so far",
    ]
    assert "Someone who passes two cameras is counted twice." in html


def test_without_full_frames_the_chart_shows_lines(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, LINE, "Door line"), kind="line")
    count_day(web, 12, None, zone_id=LINE)
    html = viewer.get("/visitors").text
    assert titles(html) == ["Wed 1: 12 entrances so far"]
    assert "crossed each line" in html
    assert table(html)[0][:4] == ["Gate north", "Door line line", "12", "–"]


def test_without_the_dashboard_the_chart_shows_who_was_seen(
    web: Web, viewer: FlaskClient
) -> None:
    see(web, NOW - HOUR, 4, FULL_FRAME)
    see(web, NOW - DAY, 2, FULL_FRAME)
    html = viewer.get("/visitors").text
    assert titles(html) == ["Tue 30: 2 people", "Wed 1: 4 people so far"]
    assert "MV Sense" in words(html)
    assert "entrances" not in words(html).partition("Camera")[0]


def test_many_cameras_share_one_colour_for_the_rest(
    web: Web, viewer: FlaskClient
) -> None:
    for number in range(1, 10):
        serial = Serial(f"Q2SM-0000-000{number}")
        count_day(web, number, serial=serial, zone_id=FULL_FRAME)
    found = titles(viewer.get("/visitors").text)
    assert len(found) == 7
    assert found[0] == "Q2SM-0000-0009, Wed 1: 9 entrances so far"
    assert found[-1] == "3 others, Wed 1: 6 entrances so far"


def test_one_day_is_shown_by_its_hours(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, FULL_FRAME, "Full Frame"))
    count_day(web, 40, zone_id=FULL_FRAME)
    nine = HourCount(MIDNIGHT + 9 * HOUR, 30)
    count_hours(web, nine, HourCount(MIDNIGHT + 10 * HOUR, 10), zone_id=FULL_FRAME)
    html = viewer.get("/visitors?days=1&day=2026-07-01").text
    assert titles(html) == ["09:00: 30 entrances", "10:00: 10 entrances"]
    assert f'href="/visitors/{GATE}/0?day=2026-07-01"' in html


def test_a_day_before_the_first_start_has_its_sum_alone(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, FULL_FRAME, "Full Frame"))
    count_day(web, 40, zone_id=FULL_FRAME, days_ago=3)
    html = viewer.get("/visitors?days=1&day=2026-06-28").text
    assert "Only totals are known for this day" in html
    assert "<svg" not in html


def test_a_camera_can_be_picked(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, HALL, "Hall"), (DOOR, FULL_FRAME, "Full Frame"))
    html = viewer.get(f"/visitors?serial={DOOR.lower()}").text
    assert [row[0] for row in table(html)] == ["Back door"]
    assert f'<option value="{DOOR}" selected>Back door</option>' in html


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", ["Back door", "Gate north", "Gate north"]),
        ("?sort=camera&order=desc", ["Gate north", "Gate north", "Back door"]),
        ("?sort=entrances&order=desc", ["Gate north", "Back door", "Gate north"]),
        ("?sort=entrances", ["Back door", "Gate north", "Gate north"]),
        ("?sort=zone", ["Gate north", "Back door", "Gate north"]),
    ],
)
def test_the_table_is_sorted_and_what_is_unknown_comes_last(
    web: Web, viewer: FlaskClient, query: str, order: list[str]
) -> None:
    know(web, (GATE, HALL, "Area"), (GATE, ZoneId("9"), "Way"), (DOOR, HALL, "Hall"))
    count_day(web, 40)
    count_day(web, 20, serial=DOOR)
    html = viewer.get(f"/visitors{query}").text
    assert [row[0] for row in table(html)] == order


def test_a_heading_turns_its_order_round(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, HALL, "Hall"))
    html = viewer.get("/visitors?sort=entrances&order=desc&days=28").text
    assert 'aria-sort="descending"' in html
    assert "sort=entrances&amp;order=asc" in html
    assert "sort=people&amp;order=desc" in html
    assert html.count('href="/visitors?days=28&amp;sort=') == 6


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("day=yesterday", ">Not a date"),
        ("day=2027-01-01", ">No counts"),
        ("day=0001-01-01", ">Not a date"),
        ("day=1999-12-31", ">No counts"),
        ("days=8", ">&#39;8&#39; (expected one of: 1, 7, 28)"),
        ("serial=x", ">Not a Meraki serial"),
        ("sort=colour", "sort: &#39;colour&#39; (expected one of"),
        ("order=up", "order: &#39;up&#39; (expected one of: asc, desc)"),
    ],
)
def test_a_mistake_is_shown_next_to_its_field(
    web: Web, viewer: FlaskClient, query: str, message: str
) -> None:
    know(web, (GATE, HALL, "Hall"))
    answer = viewer.get(f"/visitors?{query}")
    assert answer.status_code == 400
    assert message in answer.text
    assert table(answer.text)
    assert viewer.get(f"/visitors.csv?{query}").status_code == 400


def test_the_table_can_be_downloaded(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, HALL, "=HYPERLINK(1)"))
    count_day(web, 40, 2.0)
    see(web, NOW - HOUR, 5)
    answer = viewer.get("/visitors.csv?days=1&day=2026-07-01")
    assert answer.mimetype == "text/csv"
    assert "mvsnap-visitors.csv" in answer.headers["Content-Disposition"]
    assert answer.is_streamed
    assert read_csv(answer.text) == [
        {
            "since": "2026-07-01T00:00:00.000+02:00",
            "until": "2026-07-02T00:00:00.000+02:00",
            "camera": "Gate north",
            "serial": GATE,
            "zone": "'=HYPERLINK(1)",
            "zone_id": HALL,
            "kind": "zone",
            "entrances": "40",
            "average_people": "2.0",
            "people_seen_at_once": "5",
            "people_seen_last": "2026-07-01T13:21:00.000+02:00",
            "entrances_so_far": "",
            "entrances_before": "",
            "change_percent": "",
        }
    ]


# --- what is missing


def test_hours_of_the_day_limit_the_table_the_chart_and_the_csv(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"), (DOOR, HALL, "Yard"))
    count_day(web, 40, 2.0)
    count_hours(
        web,
        HourCount(MIDNIGHT + 7 * HOUR, 3, 1.0),
        HourCount(MIDNIGHT + 8 * HOUR, 5, 2.0),
        HourCount(MIDNIGHT + 9 * HOUR, 7, 4.0),
    )
    see(web, MIDNIGHT + 7 * HOUR, 9)
    see(web, MIDNIGHT + 8 * HOUR, 4)
    asked = {"hour_from": "8", "hour_to": "10"}
    for days in ("1", "7"):
        html = viewer.get("/visitors", query_string=asked | {"days": days}).text
        hall = next(row for row in table(html) if "Hall" in row[1])
        assert hall[2:5] == ["12", "3.0", "4"]
        assert "Only the chosen hours" in html
    assert "hour_from=8" in html  # the way to the CSV keeps it
    day = viewer.get("/visitors", query_string=asked | {"days": "1"}).text
    assert [t for t in titles(day) if "entrances" in t] != []
    rows = read_csv(viewer.get("/visitors.csv", query_string=asked).text)
    found = {
        row["zone"]: (row["entrances"], row["people_seen_at_once"]) for row in rows
    }
    assert found == {"Hall": ("12", "4"), "Yard": ("", "")}


def test_hours_over_midnight_and_hours_that_never_were(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"))
    count_hours(
        web, HourCount(MIDNIGHT + HOUR, 3, 1.0), HourCount(MIDNIGHT + 12 * HOUR, 5, 1.0)
    )
    see(web, MIDNIGHT + 12 * HOUR, 2, FULL_FRAME)
    night = {"hour_from": "22", "hour_to": "6"}
    (row, *_) = (
        row
        for row in table(viewer.get("/visitors", query_string=night).text)
        if row[1] == "Hall"
    )
    assert row[2] == "3"
    # On this day, the clocks go from two to three.
    gone = {"day": "2026-03-29", "days": "1", "hour_from": "2", "hour_to": "3"}
    assert viewer.get("/visitors", query_string=gone).status_code == 200
    wrong = viewer.get("/visitors", query_string={"hour_from": "3", "hour_to": "3"})
    assert (wrong.status_code, "ust differ" in wrong.text) == (400, True)


def test_the_chart_of_days_counts_the_chosen_hours_of_what_was_seen(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, FULL_FRAME, ""))
    see(web, MIDNIGHT + 3 * HOUR, 9, FULL_FRAME)
    see(web, MIDNIGHT + 9 * HOUR, 4, FULL_FRAME)
    asked = {"hour_from": "8", "hour_to": "18"}
    html = viewer.get("/visitors", query_string=asked).text
    shown = " ".join(titles(html))
    assert "4" in shown
    assert "9 people" not in shown


@pytest.mark.parametrize(
    ("sections", "advice"),
    [
        pytest.param({"meraki": {}}, "Set meraki.api_key", id="nothing"),
        pytest.param(
            {"meraki": {}, "sense": {"enabled": True}},
            "Nobody seen yet",
            id="sense",
        ),
        pytest.param({}, "Fetching cameras and zones", id="just started"),
    ],
)
def test_an_empty_page_says_what_to_do(
    tmp_path: Path, sections: dict[str, Any], advice: str
) -> None:
    plain = {"meraki": {"api_key": "a-dashboard-key"}}
    web = Web(tmp_path, clock=StandingClock(), **(plain | sections))
    assert advice in words(web.log_in().get("/visitors").text)
    web.close()


def test_cameras_without_sense_are_named_with_what_to_do(
    web: Web, viewer: FlaskClient
) -> None:
    know(web)
    web.visitors.keep_camera(CountingCamera(GATE, False, NOW))
    html = words(viewer.get("/visitors").text)
    assert "MV Sense is not enabled on any camera. Dashboard > Cameras" in html.replace(
        "&gt;", ">"
    )
    assert (
        f"Cameras without people counting Gate north {GATE} : MV Sense is off" in html
    )


def test_the_reason_for_a_camera_without_answer_is_shown(
    web: Web, viewer: FlaskClient
) -> None:
    know(web)
    web.visitors.keep_camera(CountingCamera(GATE, None, NOW, "Meraki forbids this"))
    html = words(viewer.get("/visitors").text)
    assert f"Gate north {GATE} : Meraki forbids this" in html
    assert "Nobody was counted in this period." in html
    why = str(MERAKI_NO_LIST())
    web.visitors.keep_camera(CountingCamera(GATE, None, NOW, why))
    texts.use("de")
    html = words(viewer.get("/visitors").text)
    assert "Meraki antwortete etwas anderes als eine Liste" in html


# --- one zone


def hour(number: int, entrances: int, **given: Any) -> HourCount:
    begin = MIDNIGHT + number * HOUR
    fields: dict[str, Any] = {
        "average_people": 0.5,
        "busiest_at": begin + 7 * MINUTE,
        "busiest_people": 3.2,
        "busiest_entrances": 5,
    }
    return HourCount(begin, entrances, **(fields | given))


def test_a_zone_is_shown_by_its_last_fourteen_hours(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"))
    count_hours(web, hour(9, 30), hour(13, 10, busiest_people=4.0))
    see(web, MIDNIGHT + 9 * HOUR, 6)
    html = viewer.get(ZONE_PAGE).text
    assert titles(html) == ["09:00: 30 entrances", "13:00: 10 entrances"]
    rows = table(html)
    assert [row[0] for row in rows][:3] == ["14:00 now", "13:00", "12:00"]
    assert len(rows) == 14
    assert rows[5] == [
        *("09:00", "30", "0.5", "6"),
        "09:07 5 entered, 3.2 present on average",
        "Fetching the picture",
    ]
    assert (
        "40 entrances 09:00 busiest hour 13:07 busiest minute 6 peak people"
        in words(html)
    )


def test_a_day_that_is_over_has_all_its_hours(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, HALL, "Hall"))
    html = viewer.get(f"{ZONE_PAGE}?day=2026-06-30").text
    assert len(table(html)) == 24
    assert "when mvsnap was first started" in html
    assert f'href="{ZONE_PAGE}?day=2026-07-01"' in html
    assert f'href="{ZONE_PAGE}?day=2026-06-29"' in html


def test_what_mv_sense_saw_is_no_entrance(web: Web, viewer: FlaskClient) -> None:
    see(web, MIDNIGHT + 9 * HOUR, 6)
    html = viewer.get(ZONE_PAGE).text
    assert titles(html) == ["09:00: 6 people"]
    row = table(html)[5]
    assert row == [
        "09:00",
        "–",
        "–",
        "6",
        "09:00 6 at once",
        "Fetching the picture",
    ]


def picture(web: Web, state: HourPictureState, **given: Any) -> str:
    """Keep a picture of nine o'clock; return the begin of its address."""
    begin = MIDNIGHT + 9 * HOUR
    fields: dict[str, Any] = {"minute_at": begin + 7 * MINUTE, "state": state}
    web.visitors.keep_picture(HourPicture(GATE, HALL, begin, **(fields | given)))
    return f"{ZONE_PAGE}/{int(begin.timestamp())}"


def test_a_picture_of_the_busiest_minute_has_a_link_to_the_video(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"))
    count_hours(web, hour(9, 30))
    whole = jpeg()
    path = web.files.save_picture("visitors", "a", NOW, whole)
    address = picture(
        web,
        HourPictureState.TAKEN,
        snapshot_path=path,
        video_link="https://n1.meraki.com/v",
    )
    html = viewer.get(ZONE_PAGE).text
    minute_s = int((MIDNIGHT + 9 * HOUR + 7 * MINUTE).timestamp())
    assert f'href="{address}/picture.jpg?at={minute_s}"' in html
    assert f'src="{address}/thumbnail.jpg?at={minute_s}"' in html
    assert 'href="https://n1.meraki.com/v"' in html
    answer = viewer.get(f"{address}/picture.jpg", buffered=True)
    assert (answer.data, answer.mimetype) == (whole, "image/jpeg")
    assert "private" in answer.headers["Cache-Control"]
    small = viewer.get(f"{address}/thumbnail.jpg", buffered=True)
    assert small.data[:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (HourPictureState.NO_VIDEO, "No video of that minute"),
        (HourPictureState.OFFLINE, "The camera is offline"),
        (HourPictureState.WAITING, "The picture is not available yet"),
        (HourPictureState.FAILED, "No picture"),
    ],
)
def test_no_picture_is_a_state_in_words(
    web: Web, viewer: FlaskClient, state: HourPictureState, says: str
) -> None:
    know(web, (GATE, HALL, "Hall"))
    count_hours(web, hour(9, 30))
    address = picture(web, state)
    assert table(viewer.get(ZONE_PAGE).text)[5][-1] == says
    assert viewer.get(f"{address}/picture.jpg").status_code == 404


def test_a_page_view_is_recorded_so_that_pictures_are_fetched(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"))
    viewer.get(ZONE_PAGE)
    assert web.visitors.page_views(NOW) == {(GATE, HALL): NOW}


@pytest.mark.parametrize(
    "address",
    [
        f"/visitors/{GATE}/8",
        f"/visitors/{DOOR}/{HALL}",
        "/visitors/x/7",
        f"/visitors/{GATE}/%00",
        f"/visitors/{GATE}/{'9' * 65}",
        f"{ZONE_PAGE}/nine/picture.jpg",
        f"{ZONE_PAGE}/{'9' * 30}/picture.jpg",
        f"{ZONE_PAGE}/0/thumbnail.jpg",
        f"/visitors/{GATE}/8/hours.csv",
    ],
)
def test_what_nobody_counted_is_404(
    web: Web, viewer: FlaskClient, address: str
) -> None:
    know(web, (GATE, HALL, "Hall"))
    assert viewer.get(address).status_code == 404
    assert web.visitors.page_views(NOW) == {}


def test_a_wrong_day_is_reported_next_to_it(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, HALL, "Hall"))
    answer = viewer.get(f"{ZONE_PAGE}?day=x")
    assert answer.status_code == 400
    assert ">Not a date" in answer.text
    assert viewer.get(f"{ZONE_PAGE}/hours.csv?day=x").status_code == 400


def test_the_reason_for_missing_dashboard_hours_is_shown(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"))
    web.visitors.note_no_hours(GATE, HALL, "Meraki does not know this", NOW)
    assert "Meraki does not know this" in viewer.get(ZONE_PAGE).text


def test_a_picture_of_another_minute_is_not_shown_as_that_of_the_busiest(
    web: Web, viewer: FlaskClient
) -> None:
    """A minute that was counted late had more people; its picture is to come."""
    know(web, (GATE, HALL, "Hall"))
    count_hours(web, hour(9, 30, busiest_at=MIDNIGHT + 9 * HOUR + 41 * MINUTE))
    path = web.files.save_picture("visitors", "a", NOW, jpeg())
    link = "https://n1.meraki.com/v"
    picture(web, HourPictureState.TAKEN, snapshot_path=path, video_link=link)
    html = viewer.get(ZONE_PAGE).text
    assert table(html)[5][-2:] == [
        "09:41 5 entered, 3.2 present on average",
        "Fetching the picture",
    ]
    assert link not in html
    row = read_csv(viewer.get(f"{ZONE_PAGE}/hours.csv").text)[-6]
    assert row["busiest_minute"] == "2026-07-01T09:41:00.000+02:00"
    assert (row["picture"], row["video_link"]) == ("", "")


def test_the_hours_can_be_downloaded(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, HALL, "Hall"))
    count_hours(web, hour(9, 30))
    see(web, MIDNIGHT + 9 * HOUR, 6)
    picture(web, HourPictureState.OFFLINE, video_link="https://n1.meraki.com/v")
    rows = read_csv(viewer.get(f"{ZONE_PAGE}/hours.csv").text)
    assert len(rows) == 14
    assert rows[-6] == {
        "began": "2026-07-01T09:00:00.000+02:00",
        "ended": "2026-07-01T10:00:00.000+02:00",
        "entrances": "30",
        "average_people": "0.5",
        "people_seen_at_once": "6",
        "busiest_minute": "2026-07-01T09:07:00.000+02:00",
        "busiest_average_people": "3.2",
        "busiest_entrances": "5",
        "picture": "offline",
        "video_link": "https://n1.meraki.com/v",
    }


def test_the_pages_carry_neither_styles_nor_scripts_of_their_own(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"))
    count_day(web, 40)
    count_hours(web, hour(9, 30))
    for address in ("/visitors", ZONE_PAGE):
        html = viewer.get(address).text
        assert "<svg" in html
        assert not re.search(
            r"<style|<script(?![^>]*\bsrc=)|\bstyle=|\son[a-z]+=", html
        )


def test_the_menu_leads_to_the_page(web: Web, viewer: FlaskClient) -> None:
    assert 'href="/visitors">Visitors</a>' in viewer.get("/").text
