from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mvsnap.clock import iso
from mvsnap.core import params
from mvsnap.domain import parse_serial
from mvsnap.errors import BadInput
from tests.core.build import DOOR, GATE, NOON

moments = st.datetimes(
    min_value=datetime(2010, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(
        lambda minutes: timezone(timedelta(minutes=minutes))
    ),
)


@given(st.text() | st.from_regex(r"\d{1,5}-\d\d-\d\d[T ]?[\d:.+\- Zz]*"))
@example("0001-01-01T00:00:00+14:00")
@example("9999-12-31T23:59:59-14:00")
@example("2026-W01-1")
@example("\ud800")
def test_any_text_is_a_moment_in_utc_or_bad_input(text: str) -> None:
    with suppress(BadInput):
        assert params.parse_moment("at", text).utcoffset() == timedelta(0)


@given(moments)
def test_a_moment_written_with_its_offset_comes_back(moment: datetime) -> None:
    assert params.parse_moment("at", moment.isoformat()) == moment


@given(moments)
def test_a_moment_as_we_write_it_comes_back(moment: datetime) -> None:
    milliseconds = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert params.parse_moment("at", iso(moment)) == milliseconds


@given(moments)
def test_a_plus_that_arrives_as_a_blank_is_understood(moment: datetime) -> None:
    text = moment.isoformat().replace("+", " ")
    assert params.parse_moment("at", text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-04T12:00:00Z",
        "2026-03-04t12:00:00z",
        "2026-03-04 12:00:00",
        "2026-03-04T12:00",
        "20260304T120000Z",
        " 2026-03-04T12:00:00.000Z ",
        "2026-03-04T13:00:00+01:00",
        "2026-03-04T13:00:00 01:00",
        "2026-03-04 13:00:00+01:00",
        "2026-03-04T07:00:00-05:00",
    ],
)
def test_noon_can_be_written_in_many_ways(text: str) -> None:
    assert params.parse_moment("at", text) == NOON


@pytest.mark.parametrize("text", ["", "now", "12:00", "1772625600", "2026-02-30"])
def test_an_invalid_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInput, match="since: .*2026-01-31T08:15:00Z") as caught:
        params.parse_moment("since", text)
    assert caught.value.code == "bad_time"


def after(seconds: float) -> str:
    return iso(NOON + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param(after(-60), NOON - timedelta(minutes=1), id="a minute ago"),
        pytest.param(after(-6), NOON - timedelta(seconds=6), id="six seconds ago"),
        pytest.param(after(-4), None, id="four seconds ago is now"),
        pytest.param(after(4), None, id="a clock four seconds ahead is now"),
        pytest.param("2010-01-01", datetime(2010, 1, 1, tzinfo=UTC), id="the oldest"),
    ],
)
def test_a_past_moment_is_kept_and_a_near_one_is_now(
    text: str, moment: datetime | None
) -> None:
    assert params.parse_at(text, NOON) == moment


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(after(6), "future", id="six seconds ahead"),
        pytest.param("9999-12-31", "future", id="far ahead"),
        pytest.param("2009-12-31", "older", id="before 2010"),
        pytest.param("0001-01-01", "older", id="the first day"),
    ],
)
def test_a_moment_without_video_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadInput, match=why) as caught:
        params.parse_at(text, NOON)
    assert caught.value.code == "bad_time"


def test_serials_keep_their_order_and_come_once() -> None:
    text = f" {DOOR.lower()} ,,{GATE},{DOOR}, "
    assert params.parse_serials(text) == (DOOR, GATE)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("", "bad_input", id="empty"),
        pytest.param(" , ,", "bad_input", id="only commas"),
        pytest.param(",".join([GATE] * 33), "too_many_serials", id="33 of them"),
        pytest.param(f"{GATE};{DOOR}", "bad_serial", id="semicolon"),
        pytest.param(f"{GATE},camera", "bad_serial", id="one of two"),
        pytest.param("Q2XX-ABCD-123\N{ARABIC-INDIC DIGIT FOUR}", "bad_serial", id="4"),
        pytest.param(f"{GATE}\n{DOOR}", "bad_serial", id="a line break"),
    ],
)
def test_an_invalid_serial_is_refused(text: str, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        params.parse_serials(text)
    assert caught.value.code == code


def test_a_camera_that_only_records_is_named() -> None:
    with pytest.raises(BadInput, match="gate only records clips") as caught:
        params.parse_serials(f"{DOOR},gate", ["Gate"])
    assert caught.value.code == "bad_serial"


def test_all_wrong_serials_are_named_together() -> None:
    with pytest.raises(BadInput, match="Not Meraki serials: 'gate', 'Q2XX' ") as caught:
        params.parse_serials(f"gate,{GATE},Q2XX")
    assert caught.value.code == "bad_serial"


@given(st.text())
@example("q2\N{LATIN SMALL LETTER LONG S}m-0000-0001")
def test_any_text_is_a_serial_in_merakis_spelling_or_bad_input(text: str) -> None:
    with suppress(BadInput):
        serial = parse_serial(text)
        assert serial.isascii()
        assert serial == serial.upper()


@pytest.mark.parametrize(("text", "wait_s"), [("0", 0.0), ("2.5", 2.5), ("60", 60.0)])
def test_a_wait_is_in_seconds(text: str, wait_s: float) -> None:
    assert params.parse_wait_s(text) == wait_s


@pytest.mark.parametrize(
    "text", ["-1", "60.1", "nan", "inf", "1e9", "ten", "10s", "", "0x10"]
)
def test_any_other_wait_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="from 0 to 60"):
        params.parse_wait_s(text)


@pytest.mark.parametrize(("text", "limit"), [("1", 1), ("500", 500), ("007", 7)])
def test_a_limit_is_a_whole_number(text: str, limit: int) -> None:
    assert params.parse_limit(text, 500) == limit


@pytest.mark.parametrize(
    "text", ["0", "501", "-1", "+1", "1.0", "", "²", "1_0", "9" * 5000, "0000000001234"]
)
def test_any_other_limit_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="expected 1 to 500"):
        params.parse_limit(text, 500)


def _one_room(text: str) -> str:
    return params.parse_rooms(text)[0]


@pytest.mark.parametrize(
    ("parse", "most"), [(_one_room, 400), (params.parse_prefix, 500)]
)
def test_a_text_has_a_limit_and_no_control_characters(
    parse: Callable[[str], str], most: int
) -> None:
    assert parse("ä" * most) == "ä" * most
    for bad in ("a" * (most + 1), "a\nb", "a\x00b", "a\x1b[31m"):
        with pytest.raises(BadInput, match=r"webexRoom|prefix"):
            parse(bad)


@pytest.mark.parametrize("parse", [_one_room, params.parse_prefix])
def test_half_a_character_from_json_is_refused(parse: Callable[[str], str]) -> None:
    """JSON can spell a lone surrogate, which no database and no message can hold."""
    with pytest.raises(BadInput):
        parse("Tor \ud83d")
