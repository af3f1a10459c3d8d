from __future__ import annotations

import pytest

from mvsnap.config.model import Settings
from mvsnap.delivery.channel import FileLimits, OutgoingMessage
from mvsnap.delivery.channels import Channels, open_channels
from mvsnap.domain import MessageId
from mvsnap.errors import UpstreamError


class Silent:
    limits = FileLimits(picture_bytes=1, clip_bytes=2)

    def post(self, message: OutgoingMessage) -> MessageId:
        raise NotImplementedError


WEBEX, TEAMS = Silent(), Silent()


@pytest.mark.parametrize(
    ("destination", "channel", "room"),
    [
        ("Alarms", WEBEX, "Alarms"),
        ("guard@example.com", WEBEX, "guard@example.com"),
        ("teams:Alarms", TEAMS, "Alarms"),
        ("teams: Hall: north ", TEAMS, "Hall: north"),
        ("teams", TEAMS, ""),
        ("Teams: weekly", WEBEX, "Teams: weekly"),
        ("Site A: Alarms", WEBEX, "Site A: Alarms"),
        ("webex:Alarms", WEBEX, "webex:Alarms"),
        ("pager:Alarms", WEBEX, "pager:Alarms"),
    ],
)
def test_a_room_is_of_webex_unless_it_names_another_channel(
    destination: str, channel: Silent, room: str
) -> None:
    found = Channels({"webex": WEBEX, "teams": TEAMS}).find(destination)
    assert found[0] is channel
    assert found[1] == room


def test_without_webex_its_rooms_cannot_be_reached_and_nothing_goes_there() -> None:
    channels = Channels({"teams": TEAMS})
    with pytest.raises(UpstreamError, match="Webex is not configured") as caught:
        channels.find("Alarms")
    assert not caught.value.retry
    assert channels.limits("Alarms") == FileLimits(picture_bytes=0, clip_bytes=0)
    assert channels.limits("teams:Alarms") == TEAMS.limits


def test_webex_is_a_channel_where_it_has_a_bot_and_takes_what_its_section_says() -> (
    None
):
    none = open_channels(Settings())
    with pytest.raises(UpstreamError):
        none.find("Alarms")
    webex = {"bot_token": "a-token-of-a-bot", "clip_upload_max_mb": 3}
    found = open_channels(Settings.model_validate({"webex": webex}))
    assert found.limits("Alarms") == FileLimits(
        picture_bytes=1_000_000, clip_bytes=3_000_000
    )
