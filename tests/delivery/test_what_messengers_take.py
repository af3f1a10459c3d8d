"""Which files arrive by Apprise: some services say that they take what they drop."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from mvsnap.clients.messengers.messenger import FILES_ONLY_IF, PICTURES_ONLY, Messenger
from mvsnap.config.load import settings_of
from mvsnap.delivery.channel import FileLimits
from mvsnap.delivery.channels import open_channels
from mvsnap.texts.wording import Reason

WEBHOOK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alarms"
BOT = "slack://xoxb-1234-1234-abc124/#alarms"
PUSHOVER = "pover://" + "u" * 30 + "@" + "a" * 30
ALL, PICTURES, NONE = (1_000_000, 10_000_000), (1_000_000, 0), (0, 0)
# What a plugin says in its source where it drops a file.
_DROPS = re.compile(
    r"not support\"?\s*\"?\s*attach|Ignor(?:ed|ing) unsupported|require an access token"
)
# Videos and pictures arrive.
_TAKE_WHAT_WE_SEND = {"NotifyMastodon"}


@pytest.mark.parametrize(
    ("url", "takes"),
    [
        pytest.param(WEBHOOK, NONE, id="slack webhook"),
        pytest.param(BOT, ALL, id="slack bot"),
        pytest.param("wxteams://" + "a" * 80, NONE, id="webex webhook"),
        pytest.param("wxteams://aToken-of.a_bot/" + "R" * 76, ALL, id="webex bot"),
        pytest.param("groupme://" + "0" * 26, NONE, id="groupme"),
        pytest.param(PUSHOVER, PICTURES, id="pushover"),
        pytest.param("tgram://123456789:abcdefg_hijklmnop/12315544/", ALL, id="tg"),
        pytest.param("mmost://mm.example/3ccdd113474722377935511fc8", NONE, id="mmost"),
    ],
)
def test_only_what_arrives_is_sent(url: str, takes: tuple[int, int]) -> None:
    entry = {"name": "Ops", "kind": "apprise", "url": url}
    limits = open_channels(settings_of({"channels": [entry]})).limits("Ops")
    assert limits == FileLimits(*takes), Messenger(Reason("Ops"), url).manner()


def test_every_service_that_drops_files_is_known() -> None:
    spec = find_spec("apprise")
    assert spec is not None
    assert spec.origin is not None
    found = set()
    for path in (Path(spec.origin).parent / "plugins").rglob("*.py"):
        source = path.read_text("utf-8")
        if _DROPS.search(source) and "attachment_support = True" in source:
            found |= set(re.findall(r"^class (Notify\w+)\(NotifyBase", source, re.M))
    assert found - _TAKE_WHAT_WE_SEND <= {*FILES_ONLY_IF, *PICTURES_ONLY}
    assert {"NotifySlack", "NotifyPushover"} <= found
