"""Entries of `channels`: their names are destinations, wherever a room can be named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.config.environment import apply
from mvsnap.config.key_limits import read_token_limits, stored_token
from mvsnap.config.load import settings_of
from mvsnap.config.model import Settings
from mvsnap.core import params, signed_links
from mvsnap.delivery.channels import Channels, open_channels
from mvsnap.delivery.webex import WebexChannel
from mvsnap.domain import DeliveryState
from mvsnap.errors import BadConfig, BadInput, UpstreamError
from mvsnap.values import replace
from mvsnap.webhooks.parse import parse
from mvsnap.webhooks.rules import Defaults, Rule, choose
from tests.conftest import Clouds
from tests.core.build import GATE, NOON
from tests.delivery.test_channels import TEAMS, WEBEX
from tests.jobs.fakes import crew

GUARDS = {"name": "Guards", "kind": "webex", "room": "Site A - Alarms"}
BOT = {"bot_token": "a-token-of-a-bot"}


def settings(*channels: dict[str, Any], **sections: Any) -> Settings:
    return settings_of({"channels": list(channels)} | sections)


@pytest.mark.parametrize(
    ("entry", "mistake"),
    [
        ({"kind": "webex"}, "channels.0.name: missing"),
        (GUARDS | {"kind": "webx"}, "channels.0: kind: expected one of"),
        (GUARDS | {"rooom": "A"}, "channels.0.rooom: no such setting"),
        (GUARDS | {"name": "a/b"}, "channels.0.name: expected a name"),
        (GUARDS, "channels.0.bot_token: missing, here and in the section webex"),
    ],
)
def test_a_mistake_names_the_entry_and_its_field(
    entry: dict[str, Any], mistake: str
) -> None:
    with pytest.raises(BadConfig) as caught:
        settings(entry)
    assert mistake in str(caught.value.mistakes)


def test_two_channels_do_not_share_a_name_in_any_spelling() -> None:
    with pytest.raises(BadConfig, match="'GUARDS'"):
        settings(GUARDS, GUARDS | {"name": "GUARDS"}, webex=BOT)


def test_a_secret_of_an_entry_comes_from_a_file_and_is_known_as_one(
    tmp_path: Path,
) -> None:
    secret = tmp_path / "token"
    secret.write_text("the-token-of-another-bot\n")
    tree = {"channels": [dict(GUARDS)]}
    apply(tree, {"MVSNAP_CHANNELS__0__BOT_TOKEN_FILE": str(secret)}, [])
    made = settings_of(tree)
    assert "the-token-of-another-bot" in made.secrets()
    assert "the-token" not in repr(made)


def test_a_name_is_a_destination_in_any_spelling_alone_or_in_a_list() -> None:
    recipients = settings(GUARDS, webex=BOT | {"room": ["guards", "Other"]}).recipients
    assert recipients.rooms() == ("Guards", "Other")
    assert recipients.rooms("GUARDS") == ("Guards",)
    assert recipients.only(("guards", "Guards", "Hall")) == ("Guards", "Hall")


def test_without_webex_only_channels_are_recipients() -> None:
    own = GUARDS | BOT
    recipients = settings(own, webex={"room": "Alarms"}).recipients
    assert recipients.rooms() == ()
    assert recipients.rooms(("Hall", "guards")) == ("Guards",)
    assert recipients.takes("guards")
    assert not recipients.takes("Hall")


def test_everywhere_a_list_of_rooms_can_be_given() -> None:
    both = ["Hall", "Guards"]
    made = settings(
        GUARDS,
        webex=BOT,
        meraki={"cameras": [GATE]},
        schedules=[{"cron": "0 7 * * *", "room": both}],
        webhooks={
            "tokens": [{"name": "a", "token": "0123456789abcdef", "room": both}],
            "rules": [{"name": "b", "room": both}],
        },
        badges={"mismatch_room": both},
        alerts={"channel": both},
        sense={"rooms": both},
    )
    named = (
        made.schedules[0].room,
        made.webhooks.tokens[0].room,
        made.webhooks.rules[0].room,
        made.badges.mismatch_room,
        made.alerts.channel,
    )
    assert [made.recipients.only(room) for room in named] == [("Hall", "Guards")] * 5
    assert made.rooms_named() == ("Hall", "Guards")


def test_rooms_of_zones_are_one_or_a_list() -> None:
    made = settings(GUARDS, webex=BOT, sense={"rooms": "guards"})
    assert made.recipients.rooms(made.sense.rooms) == ("Guards",)


def test_a_rule_with_an_empty_list_tells_nobody() -> None:
    (alarm,) = parse(b'{"text": "Open valve D5"}', "application/json")
    rule, defaults = Rule("quiet", {}, room=()), Defaults(room="Hall")
    (match,) = choose(alarm, [rule], defaults).matches
    assert match.room == ()
    (match,) = choose(alarm, [replace(rule, room=None)], defaults).matches
    assert match.room == "Hall"


def test_a_token_of_the_pages_has_a_room_or_several() -> None:
    for given in ("Hall", ["Hall", "Guards"]):
        limits, mistakes = read_token_limits({"room": given}, ())
        assert (limits["room"], mistakes) == (given, {})
        room = stored_token("a", limits).room
        assert room == (tuple(given) if isinstance(given, list) else given)


def test_a_request_names_several_rooms() -> None:
    several = params.SEVERAL.join(["Hall, north", " Guards "])
    assert params.parse_rooms(several) == ("Hall, north", "Guards")
    with pytest.raises(BadInput, match="at most 20"):
        params.parse_rooms(params.SEVERAL.join("a" for _ in range(21)))


def test_a_named_channel_comes_before_a_room_of_that_title() -> None:
    channels = Channels({"webex": WEBEX}, lambda: {"guards": (TEAMS, "north")})
    assert channels.find("guards") == (TEAMS, "north")
    assert channels.find("guards:north") == (WEBEX, "guards:north")


def test_an_entry_of_webex_uses_the_usual_bot_or_its_own() -> None:
    other = GUARDS | BOT | {"name": "Night"}
    channels = open_channels(settings(GUARDS, other, webex=BOT))
    usual, room = channels.find("guards")
    assert (usual, room) == (channels.find("Hall")[0], "Site A - Alarms")
    own, _ = channels.find("night")
    assert isinstance(own, WebexChannel)
    assert own is not usual


def test_a_name_leads_to_the_room_and_is_what_is_stored(
    tmp_path: Path, clouds: Clouds
) -> None:
    with crew(tmp_path, clouds) as team:
        usual = WebexChannel(team.webex, clip_bytes=0) if team.webex else None
        assert usual is not None
        place = usual, "Site A - Alarms"
        team.channels = Channels({"webex": usual}, lambda: {"guards": place})
        job = team.job(GATE, rooms=("Guards",))
        assert team.run(job) is None
        assert len(team.messages) == 1
        note = team.store.deliveries_of_job(job.id)[GATE, "Guards"]
        assert note.state is DeliveryState.SENT


def test_a_destination_that_is_gone_from_the_settings_is_refused_with_words() -> None:
    with pytest.raises(UpstreamError, match="Webex is not configured"):
        open_channels(settings(GUARDS | BOT)).find("Hall")


@pytest.mark.parametrize(
    ("change", "works"),
    [
        ({}, True),
        ({"event_id": "another"}, False),
        ({"file": signed_links.CLIP}, False),
        ({"expires": "99999999999"}, False),
        ({"expires": "٣"}, False),
        ({"signature": ""}, False),
        ({"signature": "ä"}, False),
        ({"now": NOON + timedelta(hours=1)}, False),
    ],
    ids=str,
)
def test_a_link_is_for_one_file_and_ends(change: dict[str, Any], works: bool) -> None:
    until = NOON + timedelta(minutes=30)
    address = signed_links.link(
        "https://g.example/", "key", "e1", "snapshot.jpg", until
    )
    path, _, query = address.partition("?")
    assert path == "https://g.example/evidence/e1/snapshot.jpg"
    given: dict[str, Any] = dict(pair.split("=") for pair in query.split("&"))
    given |= {"event_id": "e1", "file": "snapshot.jpg", "now": NOON} | change
    assert signed_links.is_valid("key", **given) is works
    assert not signed_links.is_valid("other key", **given)
