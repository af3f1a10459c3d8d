"""What can still be set up, and what each part takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from msgspec import Struct

from mvsnap.config.model import Settings
from mvsnap.core.keys import KeyKind
from mvsnap.domain import Role
from mvsnap.texts import N_
from mvsnap.web import auth
from mvsnap.web.context import Gateway, gateway
from mvsnap.web.links import scanning_address, webhook_url
from mvsnap.web.pages.pages_in_use import NEEDS, unused

bp = Blueprint("set_up", __name__)


class SetUpPart(Struct, frozen=True):
    """template: says what it takes. page: its endpoint, None: it has none.

    is_set_up: by the settings; has_data: without them there is something to see.
    """

    name: str
    about: str
    template: str
    page: str | None
    is_set_up: bool
    has_data: bool = False


# Name, what it is good for, template, page.
_PAGES = (
    (N_("Clips"), N_("Video from seconds before an alarm on, of any camera."), "clips"),
    (
        N_("Crowd events"),
        N_("Alerts when too many people stay in a zone."),
        "crowd_events",
    ),
    (N_("Visitors"), N_("How many people came, by day, hour and zone."), "visitors"),
    ("Wi-Fi", N_("Visits and new or returning phones, by access points."), "wifi"),
    (
        N_("Badges"),
        N_("Whether the person at the reader is the one on file."),
        "badges",
    ),
)
_OTHERS = (
    (N_("Meraki cameras"), N_("Snapshots and links to the video."), "meraki"),
    (N_("Messages"), N_("Webex, e-mail, Teams, ntfy and others."), "messages"),
    (
        N_("Alarms of machines"),
        N_("A call to an address starts pictures and clips."),
        "alarms",
    ),
    (
        N_("Reports of troubles"),
        N_("A message when a part of this site fails."),
        "troubles",
    ),
    (
        N_("Home Assistant"),
        N_("Zones, events and pictures over MQTT."),
        "home_assistant",
    ),
)


@bp.get("/set-up")
@auth.page(Role.ADMIN)
def index() -> ResponseReturnValue:
    parts = [*_other_parts(gateway()), *_page_parts(gateway())]
    return render_template(
        "set_up/index.html",
        missing=[part for part in parts if not part.is_set_up],
        there=[part for part in parts if part.is_set_up],
        webhook_url=webhook_url("TOKEN"),
        scanning_url=scanning_address("TOKEN"),
    )


def _page_parts(here: Gateway) -> list[SetUpPart]:
    without_data = unused()
    found = []
    for name, about, template in _PAGES:
        page = f"{template}.index"
        is_met = NEEDS[page](here.settings)
        has_data = page not in without_data
        found.append(SetUpPart(name, about, template, page, is_met, has_data))
    return found


def _other_parts(here: Gateway) -> list[SetUpPart]:
    return [
        SetUpPart(name, about, template, None, _OTHER_NEEDS[template](here))
        for name, about, template in _OTHERS
    ]


def _takes_alarms(here: Gateway) -> bool:
    hooks = here.settings.webhooks
    return bool(
        hooks.tokens or hooks.meraki_shared_secret or here.keys.all(KeyKind.TOKEN)
    )


def _sends(settings: Settings) -> bool:
    return settings.webex.configured or bool(settings.channels)


_OTHER_NEEDS: Mapping[str, Callable[[Gateway], bool]] = {
    "meraki": lambda here: here.settings.asks_meraki,
    "messages": lambda here: _sends(here.settings),
    "alarms": _takes_alarms,
    "troubles": lambda here: bool(here.settings.alerts.channel),
    "home_assistant": lambda here: here.settings.home_assistant.enabled,
}
