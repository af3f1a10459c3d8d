"""Recipients: every kind of trigger by the same table."""

from __future__ import annotations

from typing import Any

import pytest

from mvsnap.config.model import Settings
from mvsnap.config.recipients import Named, Recipients

BOT = {"bot_token": "a-token-of-a-bot"}


@pytest.mark.parametrize(
    ("named", "rooms", "only"),
    [
        pytest.param((), ("Default",), (), id="nobody names one"),
        pytest.param((None,), ("Default",), (), id="a request without a room"),
        pytest.param(("Gate",), ("Gate",), ("Gate",), id="a request with one"),
        pytest.param(("",), ("Default",), (), id="left empty"),
        pytest.param(
            ("Rule", "Token"), ("Rule",), ("Rule",), id="rule before its token"
        ),
        pytest.param((None, "Token"), ("Token",), ("Token",), id="the token's"),
        pytest.param((None, None), ("Default",), (), id="neither"),
        pytest.param(
            (None, ("A", "B", "A")), ("A", "B"), ("A", "B"), id="several, each once"
        ),
        pytest.param((("Zone",), ("A",)), ("Zone",), ("Zone",), id="exception first"),
        pytest.param(((), ("A",)), (), (), id="an exception that nobody hears of"),
    ],
)
def test_the_first_who_says_anything_decides(
    named: tuple[Named, ...], rooms: tuple[str, ...], only: tuple[str, ...]
) -> None:
    recipients = Recipients("Default", can_post=True)
    assert recipients.rooms(*named) == rooms
    assert recipients.only(*named) == only
    nobody = Recipients("Default", can_post=False)
    assert nobody.rooms(*named) == nobody.only(*named) == ()


@pytest.mark.parametrize("named", [(), (None,), ("",)], ids=repr)
def test_without_a_default_nobody_is_notified(named: tuple[Named, ...]) -> None:
    assert Recipients(None, can_post=True).rooms(*named) == ()


@pytest.mark.parametrize(
    ("webex", "expected"),
    [
        ({}, Recipients(None, can_post=False)),
        ({"room": "Alarms"}, Recipients("Alarms", can_post=False)),
        (BOT, Recipients(None, can_post=True)),
        (BOT | {"room": "Alarms"}, Recipients("Alarms", can_post=True)),
    ],
    ids=["nothing", "a room alone", "a bot alone", "both"],
)
def test_the_settings_say_whether_and_where(
    webex: dict[str, Any], expected: Recipients
) -> None:
    assert Settings.model_validate({"webex": webex}).recipients == expected
