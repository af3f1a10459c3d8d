"""The page of a zone: its last hours, with a picture of the busiest minute of each."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.visitors.model import HourPicture
from mvsnap.visitors.rules import HourPictureState
from tests.clients.fakes import picture as jpeg
from tests.visitors.page_build import (
    DOOR,
    GATE,
    HALL,
    HOUR,
    MIDNIGHT,
    MINUTE,
    NOW,
    ZONE_PAGE,
    count_hours,
    hour,
    know,
    read_csv,
    see,
    table,
    titles,
    words,
)
from tests.visitors.page_build import web as web
from tests.web.build import Web


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
    assert web.visitors.page_views(NOW, NOW) == {(GATE, HALL): NOW}


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
    assert web.visitors.page_views(NOW, NOW) == {}


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
