from __future__ import annotations

from typing import Any

import pytest

from mvsnap.config.entries import SECTIONS, Entry, judge, with_entries
from mvsnap.config.entry_fields import shown, texts_of, value_of
from mvsnap.config.model import Settings

GATE = "Q2SM-0000-0001"


def settings(**sections: Any) -> Settings:
    return Settings.model_validate(sections)


def test_entries_come_after_those_of_the_file() -> None:
    file = settings(schedules=[{"cron": "0 8 * * *", "cameras": [GATE]}])
    found = with_entries(
        file, [Entry("schedules", "Noon", {"cron": "0 12 * * *", "cameras": [GATE]})]
    )
    assert [one.cron for one in found.settings.schedules] == ["0 8 * * *", "0 12 * * *"]
    assert [entry.name for entry in found.holding] == ["Noon"]
    assert found.settings.model_fields_set == file.model_fields_set


def test_without_entries_the_settings_are_the_same_object() -> None:
    file = settings()
    assert with_entries(file, []).settings is file
    of_a_later_release = Entry("robots", "R2", {})
    assert with_entries(file, [of_a_later_release]).settings is file


def test_a_wrong_entry_takes_no_other_one_with_it() -> None:
    found = with_entries(
        settings(),
        [
            Entry("schedules", "Bad", {"cron": "now"}),
            Entry("schedules", "Good", {"cron": "0 12 * * *", "cameras": [GATE]}),
        ],
    )
    assert [one.cron for one in found.settings.schedules] == ["0 12 * * *"]
    assert [entry.name for entry in found.holding] == ["Good"]
    assert list(found.unusable) == [("schedules", "Bad")]


def test_mistakes_are_by_field() -> None:
    _, found = judge(settings(), Entry("schedules", "Noon", {"cron": "noon"}))
    assert found == {
        "cron": "Expected five cron fields like '0 7 * * 1-5', got 'noon'."
    }
    _, found = judge(
        settings(), Entry("channels", "Shop", {"kind": "webex", "room": "Shop"})
    )
    assert found == {"bot_token": "Missing, here and in the section webex."}


@pytest.mark.parametrize("section", SECTIONS.values(), ids=list(SECTIONS))
def test_a_value_survives_the_form(section: Any) -> None:
    for kind in section.kinds() or ("",):
        fields = section.fields(kind)
        assert len({each.name for each in fields}) == len(fields)
        texts = {
            each.name: each.choices[0] if each.choices else "mon 08:00-09:00"
            for each in fields
        }
        pairs = [each.name for each in fields if each.asked == "pairs"]
        texts |= dict.fromkeys(pairs, "title: Door*\ntitle: Gate\nlevel: 3")
        value = value_of(fields, texts, {})
        again = texts | {each.name: "" for each in fields if each.is_secret}
        assert texts_of(fields, value) == again
        assert value_of(fields, again, value) == value
        for each in fields:
            is_hidden = shown(each, value) == "(hidden)"
            assert is_hidden is each.is_secret


def test_a_camera_of_the_file_is_not_replaced() -> None:
    cameras = {"line": {"url": "rtsp://127.0.0.1/1"}}
    file = settings(recorder={"cameras": cameras})
    other = Entry("recording-cameras", "line", {"url": "rtsp://127.0.0.1/2"})
    _, found = judge(file, other)
    assert found == {"name": "Is another one's, too."}
    _, found = judge(settings(), Entry("recording-cameras", "line", {}))
    assert found == {"": "Url, ixon or meraki_serial is required."}


def test_a_rule_may_name_a_camera_of_another_entry() -> None:
    rule = Entry("webhook-rules", "Gripper", {"cameras": ["line"]})
    line = Entry("recording-cameras", "line", {"url": "rtsp://127.0.0.1/1"})
    found = with_entries(settings(), [rule, line])
    assert found.unusable == {}
    assert found.settings.webhooks.rules[0].cameras == ("line",)


def test_a_short_secret_does_not_hide_half_of_the_log() -> None:
    channels = [{"name": "Night", "kind": "webex", "room": "X", "bot_token": "e"}]
    assert "e" not in set(settings(channels=channels).secrets())
