"""The Dashboards, for `check`: the key of each organization, and the cameras."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mvsnap.cli.terminal import Check, CheckResult
from mvsnap.domain import Serial
from mvsnap.errors import UpstreamError

if TYPE_CHECKING:
    from mvsnap.clients.meraki.dashboard import Dashboard
    from mvsnap.clients.meraki.dashboards import Dashboards
    from mvsnap.config.model import Settings


def checks(settings: Settings) -> list[Check]:
    """Return one for each organization, each of which may fail by itself."""
    keys = [
        (f"Meraki {name}".strip(), partial(_organization, settings, name))
        for name in settings.dashboards
    ]
    return [*keys, ("cameras", lambda: _cameras(settings))]


def _dashboards(settings: Settings) -> Dashboards | None:
    from mvsnap.clock import SystemClock
    from mvsnap.runtime import clouds

    if not settings.asks_meraki:
        return None
    return clouds.shared_dashboards(settings, SystemClock())


def _organization(settings: Settings, name: str) -> CheckResult:
    made = _dashboards(settings)
    if made is None and not settings.needs_dashboard():
        return CheckResult(None, "no meraki.api_key: no snapshots")
    if made is None:
        return CheckResult(False, "meraki.api_key is missing")
    (dashboard,) = (each for each in made.each() if each.name == name)
    text = f"signed in as {dashboard.whoami()}"
    return CheckResult(*_answers(dashboard, text))


def _answers(dashboard: Dashboard, text: str) -> tuple[bool, str]:
    """Return whether any organization can be used, and the text with those refusing."""
    from mvsnap.clients.meraki.organizations import ask_each

    found = ask_each(
        dashboard.own_organizations(),
        lambda organization: dashboard.camera_names(organization.id),
    )
    text = "; ".join([text, *found.refusals()])
    return bool(found.answered) or not found.refused, text


def _cameras(settings: Settings) -> CheckResult:
    dashboards = _dashboards(settings)
    wanted = settings.cameras_named()
    if dashboards is None or not wanted:
        return CheckResult(None, "none set in meraki.cameras")
    seen, wrong = [], []
    for serial in map(Serial, wanted):
        try:
            dashboard = dashboards.of(serial)
            camera = dashboard.camera(serial)
        except UpstreamError as exc:
            wrong.append(f"{serial}: {exc.message}")
            continue
        where = f"{serial}, {dashboard.name}" if dashboard.name else serial
        seen.append(f"{camera.name} ({where})")
    return CheckResult(not wrong, "; ".join([*wrong, ", ".join(seen)]))
