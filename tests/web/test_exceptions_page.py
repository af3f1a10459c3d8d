"""Exceptions from the crowd rule, for a camera or a zone, on their page."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from mvsnap.config.notify import hours_text
from tests.web.build import GATE, Web, send, words
from tests.web.settings_build import PAGE, ZONE, audited, field, sense
from tests.web.settings_build import web as web


def test_a_place_gets_a_rule_of_its_own(web: Web, admin: FlaskClient) -> None:
    answer = send(
        admin,
        f"{PAGE}/place",
        new="1",
        place=f"{GATE} {ZONE}",
        people="8",
        rooms="Hall",
    )
    assert (answer.status_code, answer.location) == (303, PAGE)
    (rule,) = sense(web).overrides
    assert (rule.serial, rule.zone, rule.people, rule.rooms) == (
        GATE,
        ZONE,
        8,
        ("Hall",),
    )
    assert rule.dwell_s is None
    place = "Gate north, Waiting area"
    expected = f"{place}: people 8, recipients: Hall"
    assert audited(web) == [("sense.overrides", f"{place}: no exception", expected)]
    assert f"{place} people 8, recipients: Hall" in words(admin.get(PAGE).text)


def test_the_rule_of_a_place_is_changed_and_removed(
    web: Web, admin: FlaskClient
) -> None:
    place = f"{GATE} *"
    send(admin, f"{PAGE}/place", new="1", place=place, people="8")
    html = admin.get(f"{PAGE}/place?serial={GATE}&zone=*").text
    assert (field(html, "people"), field(html, "dwell_s")) == ("8", "")
    assert field(html, "place") == place
    send(admin, f"{PAGE}/place", place=place, people="8", dwell_s="120")
    (rule,) = sense(web).overrides
    assert (rule.people, rule.dwell_s) == (8, 120)
    send(admin, f"{PAGE}/place/remove", serial=GATE, zone="*")
    assert sense(web).overrides == ()
    what, before, after = audited(web)[0]
    assert what == "sense.overrides"
    assert before == "Gate north, all zones: people 8, dwell 120 s"
    assert after == "Gate north, all zones: no exception"


def test_a_place_has_hours_of_its_own(web: Web, admin: FlaskClient) -> None:
    given = {"place": f"{GATE} {ZONE}", "when": "sat, sun", "outside": "later"}
    send(admin, f"{PAGE}/place", new="1", **given)
    (rule,) = sense(web).overrides
    assert (hours_text(rule.when), rule.outside) == ("sat, sun", "later")
    text = "hours: sat, sun, outside of hours: later"
    assert audited(web)[0][2] == f"Gate north, Waiting area: {text}"
    assert text in words(admin.get(PAGE).text)
    html = admin.get(f"{PAGE}/place?serial={GATE}&zone={ZONE}").text
    assert ">sat, sun</textarea>" in html
    assert '<option value="later" selected>' in html
    send(admin, f"{PAGE}/place", place=given["place"], when="", people="4")
    (rule,) = sense(web).overrides
    assert (rule.when, rule.outside, rule.people) == (None, None, 4)


def test_rules_of_other_places_stay(web: Web, admin: FlaskClient) -> None:
    for zone in ("*", "0", ZONE):
        send(admin, f"{PAGE}/place", new="1", place=f"{GATE} {zone}", people="8")
    send(admin, f"{PAGE}/place/remove", serial=GATE, zone="0")
    assert [rule.zone for rule in sense(web).overrides] == ["*", ZONE]


@pytest.mark.parametrize(
    ("given", "name", "said"),
    [
        ({"place": ""}, "place", "Select a camera"),
        ({"place": GATE}, "place", "Select a camera"),
        ({"place": f"{GATE} door", "people": "3"}, "people", "Expected a zone id"),
        ({"place": f"{GATE} 0"}, "people", "Change at least one value"),
        ({"place": f"{GATE} 0", "people": "0"}, "people", "greater than or equal"),
        ({"place": f"{GATE} 0", "dwell_s": "x"}, "dwell_s", "Enter a number."),
        ({"place": f"{GATE} 0", "when": "x"}, "when", "Days: "),
        ({"place": f"{GATE} 0", "outside": "x"}, "outside", "Must be"),
        ({"place": f"{GATE} *", "people": "3"}, "place", "already exists"),
    ],
)
def test_a_mistake_in_the_rule_of_a_place_is_shown_at_its_field(
    web: Web, admin: FlaskClient, given: dict[str, str], name: str, said: str
) -> None:
    send(admin, f"{PAGE}/place", new="1", place=f"{GATE} *", people="8")
    answer = send(admin, f"{PAGE}/place", new="1", **given)
    assert answer.status_code == 400
    found = re.search(f'id="{name}-mistake">([^<]*)<', answer.text)
    assert found, answer.text
    assert said in found[1]
    assert len(sense(web).overrides) == 1


def test_a_removed_rule_is_reported(web: Web, admin: FlaskClient) -> None:
    assert admin.get(f"{PAGE}/place?serial={GATE}&zone=0").status_code == 404
    send(admin, f"{PAGE}/place/remove", serial=GATE, zone="0")
    assert "That exception had already been removed." in admin.get(PAGE).text
    assert audited(web) == []
