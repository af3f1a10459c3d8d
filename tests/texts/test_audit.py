"""Lines of the audit log: codes with values, said in the language of who reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mvsnap import texts
from mvsnap.config.entries import SECTIONS
from mvsnap.config.key_limits import read_key_limits, read_token_limits
from mvsnap.config.sense import Override
from mvsnap.core.keys import made, summary
from mvsnap.core.mutes import end_change, new_mute
from mvsnap.core.users import put_change
from mvsnap.domain import SYSTEM_ACCOUNT, Role, User
from mvsnap.store.job_states import JobStage
from mvsnap.texts import audit_wordings, reasons
from mvsnap.texts.reasons import said
from mvsnap.texts.wording import Reason
from mvsnap.web.pages.settings_form import RULE
from mvsnap.web.pages.settings_text import rule_text, text_of
from tests.core.build import NOON

CODE = Path(__file__).parents[2] / "mvsnap"
BERLIN = ZoneInfo("Europe/Berlin")


def in_german(reason: Reason) -> str:
    """Return what a German page says of it after it was stored."""
    kept = reasons.read(reasons.stored(after=reason), "after", str(reason))
    texts.use("de")
    assert kept is not None
    return said(kept)


def test_an_account_has_its_role() -> None:
    anna = User("anna", Role.ADMIN, SYSTEM_ACCOUNT, NOON)
    line = put_change(anna, None, "ben")
    assert (line.what, line.after) == ("user anna", "role admin, system account")
    assert in_german(line.what) == "Benutzer anna"
    assert in_german(line.after) == "Rolle Administrator, Systemkonto"


def test_a_moment_is_written_as_in_the_language() -> None:
    mute, line = new_mute("Q2SM-0000-0001", "7", "60", "ben", NOON, BERLIN)
    until = f"{(NOON + timedelta(hours=1)).astimezone(BERLIN):%d.%m.%Y %H:%M:%S} MEZ"
    assert in_german(line.after) == f"bis {until}"
    german = "Stummschaltung der Kamera Q2SM-0000-0001, Zone 7"
    assert in_german(line.what) == german
    assert in_german(end_change(mute, "ben", NOON, BERLIN).before) == f"bis {until}"


def test_a_moment_of_something_else_is_its_sentence() -> None:
    odd = audit_wordings.UNTIL(until_at="soon")
    assert in_german(odd) == "until soon"


def test_a_key_has_all_its_limits() -> None:
    rooms = [f"room {number}" for number in range(200)]
    limits = {"cameras": ["*"], "rooms": rooms, "scopes": []}
    line = made(summary(limits, NOON, BERLIN, is_disabled=True))
    assert line.startswith("made; cameras all; rooms room 0, room 1,")
    german = in_german(line)
    assert german.startswith("angelegt; Kameras: alle; Räume: room 0, room 1,")
    assert "room 199; gültig bis " in german
    assert german.endswith("; gesperrt")
    assert made(summary({}, None, BERLIN)) == "made"


def test_an_exception_says_all_that_is_different() -> None:
    rule = {"people": 3, "people_to_start": 2, "people_to_end": 1, "dwell_s": 2.5}
    rule |= {"min_messages": 2, "dropout_s": 1, "cooldown_s": 60}
    more = {"rooms": ["Line"], "when": None, "outside": "later"}
    found = rule_text(Override(serial="Q2SM-0000-0001", zone="*", **rule, **more))
    place = audit_wordings.PLACE(camera="Gate", zone=audit_wordings.ALL_ZONES())
    line = audit_wordings.ABOUT(place=place, value=found)
    assert line == (
        "Gate, all zones: people 3, people to start 2, people to end 1, dwell 2.5 s, "
        "messages 2, dropout 1 s, cool-down 60 s, recipients: Line, "
        "outside of hours: later"
    )
    assert in_german(line) == (
        "Gate, alle Zonen: Personen 3, Personen zum Beginn 2, Personen bis zum Ende 1, "
        "Verweildauer 2,5 s, Nachrichten 2, Aussetzer 1 s, Wartezeit 60 s, "
        "Empfänger: Line, außerhalb der Zeiten: später"
    )


@pytest.mark.parametrize(
    ("name", "value", "english", "german"),
    [
        ("enabled", True, "on", "ein"),
        ("when", None, "always", "immer"),
        ("people", None, "default", "Vorgabe"),
        ("overrides", [1], "1 exception", "1 Ausnahme"),
        ("overrides", [], "0 exceptions", "0 Ausnahmen"),
        ("dwell_s", 0.5, "0.5 s", "0,5 s"),
        ("people", 4.0, "4", "4"),
    ],
)
def test_a_setting_has_its_value(
    name: str, value: object, english: str, german: str
) -> None:
    found = text_of(name, value)
    assert (str(found), in_german(found)) == (english, german)


def test_all_words_that_are_looked_up_are_there() -> None:
    assert set(audit_wordings.STAGES) == set(JobStage)
    assert set(audit_wordings.ROLES) == set(Role)
    assert set(audit_wordings.RULE) == {each.name for each in RULE}
    limits = read_key_limits({}, ())[0] | read_token_limits({}, ())[0]
    assert set(audit_wordings.LIMITS) == set(limits)
    nouns = {name: one.text for name, one in audit_wordings.ENTRIES.items()}
    assert nouns == {one.name: one.noun for one in SECTIONS.values()}


# --- guard: what is written to the log is a reason

# Of these, any text in the code is one that people would read.
WRITERS = ("Change", "viewed", "downloaded", "KeyChanges", "new_mute", "new_snooze")


def sentences(source: str) -> Iterator[str]:
    """Yield texts that go into the log as they are: f-strings, constants."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _writes(node.func):
            for one in (*node.args, *(given.value for given in node.keywords)):
                is_text = isinstance(getattr(one, "value", None), str)
                if is_text or isinstance(one, ast.JoinedStr):
                    yield ast.unparse(one)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names = [ast.unparse(one) for one in node.targets]
            yield from [ast.unparse(node.value)] * ("_WHO" in names)


def _writes(function: ast.expr) -> bool:
    name = getattr(function, "id", getattr(function, "attr", ""))
    return name in WRITERS or name.endswith("_change")


def test_no_sentence_goes_into_the_log_without_a_code() -> None:
    found = {p.name: list(sentences(p.read_text("utf-8"))) for p in CODE.rglob("*.py")}
    # The demo's own user, by name.
    assert found.pop("demo_world.py") == ["'demo'"]
    assert {name: own for name, own in found.items() if own} == {}


def test_control_a_sentence_is_found() -> None:
    source = """
viewed(f"clip {id}")
Change(now, "command line", what, Reason(""), after="removed")
_WHO = "provider"
own_change(name, now, "logged out")
log_out_change(PROVIDER(), address, now)
"""
    assert list(sentences(source)) == [
        *("'provider'", "f'clip {id}'", "'command line'", "'removed'", "'logged out'"),
    ]
