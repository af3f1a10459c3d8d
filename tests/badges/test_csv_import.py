"""CSV files as systems export them, and as somebody with bad requests writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from mvsnap.badges import csv_import
from mvsnap.badges.csv_import import Reading
from mvsnap.badges.model import Swipe
from mvsnap.core.csv_reader import BadRow, UnknownHeadings
from mvsnap.core.encodings import encoding_of
from mvsnap.errors import BadInput
from mvsnap.texts.file_wordings import UNCLOSED

NOW = datetime(2026, 7, 5, tzinfo=UTC)
AT = datetime(2026, 7, 1, 6, 15, tzinfo=UTC)
HOW = Reading(ZoneInfo("Europe/Berlin"), NOW, {})


def read(*lines: str, how: Reading = HOW) -> list[Swipe | BadRow]:
    return list(csv_import.read([f"{line}\n" for line in lines], how))


def swipes(*lines: str, how: Reading = HOW) -> list[Swipe]:
    found = read(*lines, how=how)
    assert [row for row in found if isinstance(row, BadRow)] == []
    return [row for row in found if isinstance(row, Swipe)]


def assert_refused(line: str, said: str) -> None:
    """Check that a line is named with its reason, and those beside it are read."""
    good = "2026-07-01 08:15,1,Gate"
    first, bad, last = read("time,badge,door", good, line, good)
    assert isinstance(bad, BadRow)
    assert (bad.line, said in bad.why) == (3, True), bad
    assert first == last


@pytest.mark.parametrize(
    ("heading", "line"),
    [
        ("timestamp,user_id,reader", "2026-07-01T08:15:00,4711,Gate"),
        ("Door;User ID;Event Time", "Gate;4711;2026-07-01 08:15"),
        ("Datum\tUhrzeit\tAusweis\tTür", "01.07.2026\t08:15\t4711\tGate"),
        ("DateTime|Badge Number|Reader Name", "2026-07-01 08:15:00 +0200|4711|Gate"),
        ('"Date/Time","Card","Location"', '"2026-07-01 06:15:00 UTC","4711","Gate"'),
        ("Reader,Card ID,Timestamp", f"Gate,4711,{int(AT.timestamp())}"),
    ],
)
def test_usual_headings_delimiters_and_times_are_understood(
    heading: str, line: str
) -> None:
    (found,) = swipes(heading, line)
    assert (found.swiped_at, found.user_id, found.reader) == (AT, "4711", "Gate")


def test_a_cell_of_several_lines_is_one_detail() -> None:
    (found,) = swipes("time,badge,door,note", '2026-07-01 08:15,1,Gate,"a', 'b"')
    assert found.details == {"note": "a b"}


def test_excel_says_its_delimiter_first_and_empty_lines_do_not_count() -> None:
    first, second = swipes(
        *("sep=;", "", "time stamp;badge;door;result", ";;;"),
        *("2026-07-01 08:15;007;Gate;ok", "", "2026-07-01 08:16;8;Gate;"),
    )
    assert (first.user_id, first.details) == ("007", {"result": "ok"})
    assert second.details == {}


def test_a_column_with_an_unusual_name_can_be_given() -> None:
    how = Reading(HOW.zone, NOW, {"user_id": "Wer", "timestamp": "Wann"})
    (found,) = swipes("Wann,Wer,Reader", "2026-07-01 08:15,4711,Gate", how=how)
    assert found.user_id == "4711"


def test_another_way_to_write_times_can_be_given() -> None:
    how = Reading(HOW.zone, NOW, {}, "%m/%d/%Y %I:%M %p")
    (found,) = swipes("time,badge,door", "07/01/2026 08:15 AM,1,Gate", how=how)
    assert found.swiped_at == AT


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        *[("12:15 AM", "22:15"), ("00:15 AM", "22:15"), ("12:15 PM", "10:15")],
        *[("14:15 PM", "12:15"), ("2:15 pm", "12:15"), ("2:15 p. m.", "12:15")],
    ],
)
def test_both_halves_of_the_day_are_read(time: str, expected: str) -> None:
    (found,) = swipes("time,badge,door", f"2026-07-01 {time},1,Gate")
    assert f"{found.swiped_at:%H:%M}" == expected


def test_the_dots_of_am_and_pm_do_not_disturb_a_given_format() -> None:
    how = Reading(HOW.zone, NOW, {}, "%d/%m/%Y %I:%M:%S %p")
    line = "01/07/2026 08:15:00 a.\u00a0m.,1,Gate"
    assert swipes("time,badge,door", line, how=how)[0].swiped_at == AT


@pytest.mark.parametrize(
    ("lines", "given", "said"),
    [
        (
            ("a,b",),
            {},
            "no column for user_id, reader and timestamp (the file has a, b; ",
        ),
        (("badge,door", "1,Gate"), {}, "no column for timestamp"),
        ((), {}, "the file is empty"),
        (("badge,door",), {"user_id": "Wer"}, "column 'Wer': not there (the file has"),
        (("badge,door",), {"person": "badge"}, "column 'person': unknown (known:"),
        (
            ("time,badge,door",),
            {"user_id": "badge", "reader": "badge"},
            "column 'badge': given for user_id and reader",
        ),
        (
            ("badge,door",),
            {"user_id": "Wer", "reader": "Wo", "a": "b"},
            "column 'a': unknown (known: timestamp, date, time, user_id, reader); "
            "columns 'Wer', 'Wo': not there (the file has badge, door)",
        ),
        ((",".join("abcdefg" for _ in range(300)),), {}, "300 columns"),
    ],
)
def test_an_unusable_header_is_reported(
    lines: tuple[str, ...], given: dict[str, str], said: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read(*lines, how=Reading(HOW.zone, NOW, given))
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("soon,1,Gate", "timestamp: 'soon' (expected a time like"),
        (",1,Gate", "timestamp: missing"),
        ("02/03/2026 08:15,1,Gate", "set another with --time-format"),
        ("2026-07-01,1,Gate", "timestamp: '2026-07-01' has no time of day"),
        ("20260701,1,Gate", "timestamp: '20260701' (expected a time like"),
        ("2026-W05,1,Gate", "timestamp: '2026-W05' has no time of day"),
        ("2026-07-01 +01:00,1,Gate", "timestamp: '2026-07-01 +01:00' has no time of"),
        ("2026-07-09 08:15,1,Gate", "is in the future"),
        ("2026-07-01 08:15,,Gate", "user_id: missing"),
        ("2026-07-01 08:15,1", "reader: missing"),
        ("2026-07-01 08:15,1,Gate,more", "4 cells under 3 headings"),
        (f"2026-07-01 08:15,1,{'x' * 10_000_000}", "a cell with more than 10,000"),
        (f"2026-07-01 08:15,1,{'x' * 300}", "reader: 300 characters"),
        ("2026-07-01 08:15,1,a\0b", "reader: contains control characters"),
    ],
)
def test_a_bad_line_is_named_with_its_reason_and_the_others_are_read(
    line: str, said: str
) -> None:
    assert_refused(line, said)


@pytest.mark.parametrize("end", ["", '"Yard"', "Gate,and,more"])
def test_a_quote_left_open_hides_no_rows(end: str) -> None:
    good = "2026-07-01 08:15,1,Gate"
    first, bad = read(
        *("time,badge,door", good, '2026-07-01 08:15,1,"Gate', good, good),
        *([f"2026-07-01 08:15,1,{end}"] if end == '"Yard"' else [end]),
    )
    assert isinstance(first, Swipe)
    assert isinstance(bad, BadRow)
    why = "a cell spans several lines" if end == '"Yard"' else "unclosed quote"
    assert bad.why.startswith(f"lines 3 to 6: {why}")


def test_a_quote_left_open_in_the_last_line_is_named() -> None:
    (bad,) = read("time,badge,door", '2026-07-01 08:15,1,"Gate')
    assert bad == BadRow(2, UNCLOSED())


def test_a_quote_left_open_before_the_last_column_names_its_lines() -> None:
    good = "2026-07-01 08:15,1,Gate"
    (bad,) = read("time,badge,door", '2026-07-01 08:15,"1,Gate', good, '"2",Yard')
    assert isinstance(bad, BadRow)
    assert bad.why.startswith("lines 2 to 4: a cell spans several lines")


@pytest.mark.parametrize(
    "form", ["%d/%m/%Y %H:%M", "%m/%d/%y %I:%M:%S %p", "%Y-%m-%dT%H:%M:%S%z", "%c"]
)
def test_a_format_with_date_and_time_is_accepted(form: str) -> None:
    csv_import.check_format(form)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("%d/%d/%Y", "'%d/%d/%Y' cannot be used"),
        ("%Q", "'%Q' cannot be used"),
        ("%d/%m/%Y %", "cannot be used"),
        ("%d/%m/%Y", "is not a date and time"),
        ("%d/%m/%Y %I:%M", "is not a date and time"),
        ("%d/%m %H:%M", "is not a date and time"),
        ("soon", "is not a date and time"),
    ],
)
def test_a_format_that_cannot_be_used_is_refused(form: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        csv_import.check_format(form)
    assert said in caught.value.message


def test_text_like_a_formula_or_a_tag_stays_text() -> None:
    line = "2026-07-01 08:15,=1+1,<script>x</script>"
    (found,) = swipes("time,badge,door", line)
    assert (found.user_id, found.reader) == ("=1+1", "<script>x</script>")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_the_encoding_is_found(encoding: str) -> None:
    content = "time,badge,door\n2026-07-01 08:15,1,Tür\n".encode(encoding)
    chunks = [content[n : n + 7] for n in range(0, len(content), 7)]
    assert "Tür" in content.decode(encoding_of(chunks))


@pytest.mark.parametrize(
    ("heading", "line"),
    [
        ("Event Date,Event Time,Badge,Door", "2026-07-01,08:15:00,4711,Gate"),
        ("Date,Timestamp,Badge,Door", "2026-07-01,08:15,4711,Gate"),
        ("Datum;Zeitpunkt;Ausweis;Leser", "01.07.26;08:15;4711;Gate"),
        ("Log Date,Log Time,Badge,Door", "2026/7/1,8:15 AM,4711,Gate"),
        ("Day,Time,Badge,Door", "2026-07-01 00:00:00,08:15,4711,Gate"),
        ("Date,Time,Badge,Door", "2026-07-01,1899-12-30 08:15:00,4711,Gate"),
        ("Date,Timestamp,Badge,Door", "2026-07-01,2026-07-01 08:15,4711,Gate"),
        ("Date,Timestamp,Badge,Door", f"2026-07-01,{int(AT.timestamp())},4711,Gate"),
        ("Date and Time,Badge,Door", "2026-07-01 08:15,4711,Gate"),
        ("Date & Time^Badge^Door", "2026/07/01 08:15:00^4711^Gate"),
        ("Datum und Uhrzeit~Badge~Door", '"01.07.2026, 08:15"~4711~Gate'),
        ("Time,Badge,Door", "01.07.26 08:15,4711,Gate"),
        ("Time,Card No.,Door", "2026-07-01 08:15 AM,4711,Gate"),
        ("Time,Badge,Door", "2026. 07. 01. 8:15:00,4711,Gate"),
        ("Time,Badge,Door", "1-Jul-2026 08:15:00,4711,Gate"),
        ("Time;Badge;Door", "Jul 1, 2026 8:15:00\u202fa.\u00a0m.;4711;Gate"),
        ("Time,Badge,Door", "2026-07-01 08:15:00 CEST,4711,Gate"),
        ("Time,Badge,Door", '"=""2026-07-01 08:15""","=""4711""","=""Gate"""'),
        ('"Event\nTime","Badge\nNumber",Door', "2026-07-01 08:15,4711,Gate"),
    ],
)
def test_date_and_time_belong_together_whatever_they_are_called(
    heading: str, line: str
) -> None:
    (found,) = swipes(*heading.split("\n"), line)
    assert (found.swiped_at, found.user_id, found.reader) == (AT, "4711", "Gate")
    assert set(found.details) <= {"date"}


@pytest.mark.parametrize(
    "top",
    [
        ("# made on 2026-07-02",),
        ("Door report", "From: 2026-07-01 00:00 To: 2026-07-02", "By,admin", ""),
        ('"sep=,"',),
        ("sep=,,,",),
        ('A 5" title that opens "quotes',),
        tuple(f"Line {n},of,the,front page" for n in range(19)),
    ],
)
def test_the_heading_may_stand_below_a_title(top: tuple[str, ...]) -> None:
    good = "2026-07-01 08:15,1,Gate"
    found, bad = read(*top, "Time,Badge,Door", good, "", "Total,1")
    assert isinstance(found, Swipe)
    assert isinstance(bad, BadRow)
    assert bad.line == len(top) + 4
    assert bad.why.startswith("timestamp: 'Total' (expected a time like")


def test_headings_that_nobody_knows_are_listed_with_what_they_may_be() -> None:
    with pytest.raises(UnknownHeadings) as caught:
        read("Report, of May", "Event Datetime;Badge Nr;Portal;Result;", "1;2;3;4;")
    assert "no column for user_id and reader (the file has" in caught.value.message
    found = {heading.name: heading.meant for heading in caught.value.headings}
    assert found == {"Badge Nr": "user_id", "Portal": "", "Result": ""}


def test_a_heading_below_a_whole_page_is_not_looked_for() -> None:
    with pytest.raises(BadInput) as caught:
        read(*("title",) * 20, "Time,Badge,Door", "2026-07-01 08:15,1,Gate")
    assert (
        "no column for user_id, reader and timestamp (the file has title"
        in caught.value.message
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2026-07-01 08:15,8.9E+15,Gate", "user_id: '8.9E+15' (Excel has cut this"),
        ("2026-07-01 08:15,1,#N/A", "reader: '#N/A' (Excel has cut this cell; export"),
        ("#####,1,Gate", "time: '#####' (Excel has cut this cell; export the"),
        ("46204.34375,1,Gate", "'46204.34375' looks like an Excel date (export the"),
        ("46204,1,Gate", "'46204' looks like an Excel date (export the column as"),
        ("7/1/2026 8:15 AM,1,Gate", "has day or month first (expected a time like"),
        ("08:15,1,Gate", "timestamp: '08:15' has no date"),
        ("2026/07/01,1,Gate", "timestamp: '2026/07/01' has no time of day"),
        ("2026-07-01 15:00 AM,1,Gate", "timestamp: '2026-07-01 15:00 AM' (expected"),
        ("2026-07-01 8:15 XYZ,1,Gate", "timestamp: '2026-07-01 8:15 XYZ' (expected a"),
        (
            "2026-07-01 08:15,1,T\ufffdr",
            "reader: 'T\ufffdr' has a character that cannot",
        ),
    ],
)
def test_what_a_spreadsheet_has_changed_is_refused_by_line(
    line: str, said: str
) -> None:
    assert_refused(line, said)


def test_long_numbers_with_zeros_are_cut_unless_another_one_is_whole() -> None:
    lines = [f"2026-07-01 08:15,{n},Gate" for n in ("8965290000000120", "7", "8")]
    small, other, cut = read("time,badge,door", *lines)
    assert isinstance(small, Swipe)
    assert isinstance(other, Swipe)
    assert isinstance(cut, BadRow)
    assert (cut.line, "Excel has cut this number" in cut.why) == (2, True)
    whole = "2026-07-01 08:15,8965290000000123,Gate"
    found = swipes("time,badge,door", *lines, whole)
    assert {swipe.user_id for swipe in found} > {"8965290000000120"}
    quoted = '2026-07-01 08:15,"=""8965290000000120""",Gate'
    assert swipes("time,badge,door", quoted)[0].user_id == "8965290000000120"


def test_a_character_with_its_mark_apart_is_one_character() -> None:
    apart, one = swipes(
        *("time,badge,door", "2026-07-01 08:15,1,Tu\u0308r", "2026-07-01 08:15,1,Tür")
    )
    assert apart.id == one.id
