"""Reasons: a code with values, stored beside its sentence, said in the language."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from mvsnap import texts
from mvsnap.clients.s3.errors import refusal
from mvsnap.texts import (
    audit_wordings,
    camera_wordings,
    file_wordings,
    reasons,
    refusal_wordings,
    service_wordings,
    status_wordings,
    wordings,
)
from mvsnap.texts.reasons import joined, said, with_each
from mvsnap.texts.sentences import localized
from mvsnap.texts.wording import MOST_CHARACTERS, Reason, Wording

CODE = Path(__file__).parents[2] / "mvsnap"
BUCKET = service_wordings.BUCKET(name="100%(x)s", host="s3.example")
LATE = wordings.STARTS_LATE(late_s=75)
NESTED = wordings.NO_VIDEO_BECAUSE(why=wordings.NO_PICTURE_WITHIN(limit_s=2.5))


def through_the_store(reason: Reason) -> Reason | None:
    found = json.loads(json.dumps(reasons.stored(note=reason)))
    return reasons.read(found, "note", str(reason))


@pytest.mark.parametrize(
    ("reason", "english", "german"),
    [
        (
            refusal({"Error": {"Code": "AccessDenied"}}, BUCKET).as_reason,
            "bucket 100%(x)s at s3.example denies access to this key; it needs "
            "s3:PutObject and s3:GetObject",
            "Bucket 100%(x)s bei s3.example verweigert diesem Schlüssel den Zugriff; "
            "er braucht s3:PutObject und s3:GetObject",
        ),
        (
            LATE,
            "the video starts 1 min 15 s after the trigger",
            "das Video beginnt 1 min 15 s nach dem Auslöser",
        ),
        (
            NESTED,
            "no video was recorded: no picture within 2.5 s",
            "kein Video aufgezeichnet: kein Bild innerhalb von 2,5 s",
        ),
        (
            wordings.RECORDER_DIED(machine="100 %(x)s"),
            "its recorder 100 %(x)s died",
            "sein Rekorder 100 %(x)s ist ausgefallen",
        ),
        (Reason("offline"), "offline", "offline"),
    ],
    ids=["bucket", "seconds", "nested", "a percent sign", "of others"],
)
def test_a_reason_is_said_in_both_languages(
    reason: Reason, english: str, german: str
) -> None:
    kept = through_the_store(reason)
    assert (str(reason), kept) == (english, english)
    assert kept is not None
    assert said(kept) == localized(kept) == english
    texts.use("de")
    assert said(kept) == german
    assert str(kept) == english, "programs and the release before read English"


def test_what_is_counted_has_separators_of_thousands_and_a_status_has_none() -> None:
    many = file_wordings.LONG_CELL(most=10_000)
    assert str(many) == "a cell with more than 10,000 characters (unclosed quote?)"
    answered = file_wordings.SERVER_ANSWERED(status=1234)
    assert str(answered) == "the server answered 1234"
    texts.use("de")
    assert "10.000 Zeichen" in said(through_the_store(many) or "")
    assert "1234" in said(answered)


BUSY = wordings.MERAKI_BUSY(status=429)


@pytest.mark.parametrize(
    "reason",
    [
        *(BUSY, wordings.WITH(first=BUSY, then="Calm down")),
        wordings.BOTH(first=BUSY, then=wordings.NO_VIDEO()),
        wordings.BOTH(first=Reason("of others"), then=BUSY),
        wordings.ORGANIZATION(name="North", why=wordings.WITH(first=BUSY, then="x")),
    ],
)
def test_programs_see_the_cause(reason: Reason) -> None:
    kept = through_the_store(reason)
    assert reasons.code_of(kept) == "meraki_busy"
    assert reasons.values_of(kept) == {"status": 429}


@pytest.mark.parametrize(
    "text", [None, "x", Reason("x"), wordings.WITH(first="x", then="y")]
)
def test_what_others_say_has_no_code(text: str | None) -> None:
    assert (reasons.code_of(text), reasons.values_of(text)) == (None, {})


def test_several_are_one() -> None:
    assert joined(None, None) is None
    assert with_each() is None
    both = joined(None, wordings.DISK_FULL(), wordings.NO_VIDEO())
    assert both == "the disk is full; no video was recorded"
    texts.use("de")
    assert said(both or "") == ("der Datenträger ist voll; kein Video aufgezeichnet")


def test_a_sentence_that_was_changed_since_is_shown_as_it_is() -> None:
    found = reasons.stored(note=LATE)
    texts.use("de")
    changed = reasons.read(found, "note", "what the release before wrote")
    assert said(changed or "") == "what the release before wrote"
    assert reasons.read(None, "note", "older") == "older"
    assert reasons.read(found, "note", None) is None


@pytest.mark.parametrize(
    "found",
    [
        *({"code": "of a later release", "values": {}}, {"code": "video_starts_late"}),
        {"code": "video_starts_late", "values": {"late_s": [1]}},
        {"code": "video_starts_late", "values": {"late_s": "soon"}},
        {"code": "video_starts_late", "values": {"late_s": float("inf")}},
        {"code": "video_starts_late", "values": {"late_s": float("nan")}},
        {"code": 7, "values": 7},
        *([], "x", None),
    ],
)
def test_what_cannot_be_said_is_its_sentence(found: Any) -> None:
    texts.use("de")
    if isinstance(found, dict):
        found |= {"of": reasons.to_json(LATE)["of"]}
    kept = reasons.read({"note": found}, "note", str(LATE))
    assert isinstance(kept, Reason)
    assert said(kept) == str(LATE)
    json.dumps(reasons.values_of(kept), allow_nan=False)


@pytest.mark.parametrize("changed", [{"code": "new"}, {"values": {}}])
def test_a_reason_with_one_of_a_later_release_within_is_its_sentence(
    changed: dict[str, Any],
) -> None:
    found = reasons.to_json(NESTED)
    found["values"]["why"] |= changed
    texts.use("de")
    kept = reasons.read({"note": found}, "note", str(NESTED))
    assert said(kept or "") == "no video was recorded: no picture within 2.5 s"
    assert reasons.to_json(kept or Reason(""))["code"] == "no_video_because"


def test_values_are_cut() -> None:
    long = wordings.RECORDER_DIED(machine="x\n" * 10_000)
    assert len(long) < MOST_CHARACTERS + 50
    assert "\n" not in long
    deep: Reason = wordings.NO_VIDEO()
    for _ in range(50):
        deep = wordings.BOTH(first=deep, then=wordings.NO_VIDEO())
    assert len(json.dumps(reasons.to_json(deep))) < 3000
    assert through_the_store(deep) == deep


def test_a_copy_has_the_code() -> None:
    kept = deepcopy(NESTED)
    assert (kept, kept.code, kept.values) == (NESTED, NESTED.code, NESTED.values)


# --- guards


def test_codes_are_stable_and_differ() -> None:
    modules = (wordings, *wordings.MODULES)
    named = [one for module in modules for one in vars(module).values()]
    made = [one for one in named if isinstance(one, Wording)]
    made += [*camera_wordings.STATES.values(), *audit_wordings.EVERY]
    made += [*refusal_wordings.PAGE_FOR.values(), *status_wordings.DATA.values()]
    assert len(wordings.WORDINGS) == len({one.code for one in made}) == len(made)
    assert all(one.code.isidentifier() and one.code.islower() for one in made)


def sentences(source: str, names: tuple[str, ...] = ("Reason",)) -> Iterator[str]:
    """Yield sentences that become reasons without a code: arguments of these names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id not in names or not node.args:
                continue
            text = node.args[0]
            is_empty = isinstance(text, ast.Constant) and not text.value
            if isinstance(text, ast.Constant | ast.JoinedStr) and not is_empty:
                yield ast.unparse(text)


def test_no_sentence_of_our_own_is_stored_without_a_code() -> None:
    found = {p.name: list(sentences(p.read_text("utf-8"))) for p in CODE.rglob("*.py")}
    assert {name: own for name, own in found.items() if own} == {}


# Where what a snapshot fails with arises, and what it is raised as.
PICTURES = ("calls", "dashboard", "dashboards", "picture", "budget")
# The same of messages: what the bot alone does, and files of a tree, are in the log.
CHANNELS = (
    *("clients/outgoing.py", "clients/ixon", "clients/messengers", "delivery", "jobs"),
    *(f"clients/webex/{name}.py" for name in ("client", "errors", "rooms", "shared")),
)
ERRORS = (
    "UpstreamError",
    "NoPicture",
    "NoVideo",
    "CameraOffline",
    "ExchangeFailed",
    "CannotAssemble",
    *("UnknownRecipient", "NotAllowed", "PasswordRefused"),
)


def test_what_a_snapshot_fails_with_has_a_code() -> None:
    paths = [CODE / "clients/meraki" / f"{name}.py" for name in PICTURES]
    paths += [CODE / f"clients/{name}.py" for name in ("connections", "transport")]
    paths += [CODE / "photographer.py"]
    found = {p.name: list(sentences(p.read_text("utf-8"), ERRORS)) for p in paths}
    assert {name: own for name, own in found.items() if own} == {}


def test_what_a_delivery_fails_with_has_a_code() -> None:
    places = [CODE / name for name in CHANNELS]
    paths = [p for place in places for p in (place, *place.rglob("*.py"))]
    found = {
        str(p): list(sentences(p.read_text("utf-8"), ERRORS))
        for p in paths
        if p.suffix == ".py"
    }
    assert len(found) > 50
    assert {name: own for name, own in found.items() if own} == {}


def test_control_a_sentence_of_our_own_is_found() -> None:
    assert list(sentences('Reason("offline"); Reason(f"{x} died"); Reason(y)')) == [
        "'offline'",
        "f'{x} died'",
    ]
