"""`init` of Meraki: an organization with its cameras, then further organizations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from mvsnap.cli.questions import (
    ask_secret,
    bad,
    choose,
    choose_some,
    ok,
    time_zone,
)
from mvsnap.cli.terminal import out
from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.meraki.organizations import called
from mvsnap.clock import SystemClock
from mvsnap.config.load import read_tree
from mvsnap.config.model import Settings
from mvsnap.domain import Camera, Organization
from mvsnap.errors import UpstreamError
from mvsnap.runtime import clouds
from mvsnap.spelling import folded

Entry = dict[str, Any]

_LONGEST_NAME = 60


def ask_organization(
    dashboard: Dashboard, others: Sequence[str] = ()
) -> tuple[str, dict[str, Any]]:
    """Return the name of the chosen one, and its settings with its cameras.

    One that refuses is not offered again, nor are `others`, which are known by their
    ids. Without any: "" and {}.

    Raises:
        UpstreamError: Meraki fails, or the last one refuses.
    """
    left = [one for one in dashboard.organizations() if one.id not in others]
    while (organization := choose("organization", left, lambda o: o.name)) is not None:
        try:
            return organization.name, _ask_places(dashboard, organization)
        except UpstreamError as exc:
            left.remove(organization)
            if not left:
                raise
            bad(f"organization {called(organization)}: {exc.message}")
    return "", {}


def sign_in(known: Settings, key: str) -> Dashboard:
    """Try a key at the Dashboard."""
    dashboard = clouds.dashboard(known.meraki.with_key(key), SystemClock())
    ok(f"signed in as {dashboard.whoami()}")
    return dashboard


def ask_organizations(
    known: Settings, answers: Mapping[str, Any], path: Path
) -> Iterator[list[Entry]]:
    """Yield all entries of `organizations` whenever another one is complete.

    answers: those of this run, for `site` and `meraki`. path: the file, whose entries
    are kept as they are.
    """
    entries = _entries(path)
    if entries is None or not (answers["meraki"] or known.asks_meraki):
        return
    default_id = answers["meraki"].get("organization_id", known.meraki.organization_id)
    while click.confirm("Another organization?", default=False):
        taken = [default_id, *(entry.get("organization_id") for entry in entries)]
        names = [str(entry.get("name")) for entry in entries]
        entry = _ask_entry(known, answers, [str(one) for one in taken if one], names)
        if entry is not None:
            entries.append(entry)
            yield entries


def _entries(path: Path) -> list[Entry] | None:
    """Return those of the file; None: there is something else in their place."""
    if not path.exists():
        return []
    found = read_tree(path).get("organizations") or []
    is_list = isinstance(found, list) and all(isinstance(one, dict) for one in found)
    return list(found) if is_list else None


def _ask_entry(
    known: Settings,
    answers: Mapping[str, Any],
    taken: Sequence[str],
    names: Sequence[str],
) -> Entry | None:
    """Return a new entry, None if it was skipped or the key sees no other one."""
    key, dashboard = ask_secret("Its Dashboard API key", partial(sign_in, known))
    if dashboard is None:
        return None
    title, places = ask_organization(dashboard, taken)
    if not places:
        out.print("This key sees no organization that is not set up already.")
        return None
    default = " ".join(title.split())[:_LONGEST_NAME].strip()
    name = click.prompt(
        "Its name on pages",
        default=None if _is_taken(default, names) else default,
        value_proc=lambda text: _name(text, names),
    )
    site_zone = answers["site"]["timezone"]
    zone = click.prompt("Its time zone", default=site_zone, value_proc=time_zone)
    own_zone = {} if zone == site_zone else {"timezone": zone}
    return {"name": name, "api_key": key, **places, **own_zone}


def _name(text: str, names: Sequence[str]) -> str:
    name = text.strip()
    if not (0 < len(name) <= _LONGEST_NAME and name.isprintable()):
        raise click.BadParameter(f"expected 1 to {_LONGEST_NAME} characters")
    if _is_taken(name, names):
        raise click.BadParameter(f"{name} is the name of another organization")
    return name


def _is_taken(name: str, names: Sequence[str]) -> bool:
    return folded(name) in map(folded, names)


def _ask_places(dashboard: Dashboard, organization: Organization) -> dict[str, Any]:
    try:
        networks = dashboard.networks(organization.id)
    except UpstreamError as exc:
        bad(f"networks, so all are used: {exc.message}")
        networks = []
    network = choose("network", networks, lambda n: n.name, optional=True)
    found = dashboard.cameras(organization.id, network.id if network else None)
    cameras = _choose_cameras(found)
    answer = {
        "organization_id": organization.id,
        "cameras": [camera.serial for camera in cameras],
    }
    return answer | ({"network_id": network.id} if network else {})


def _choose_cameras(found: Sequence[Camera]) -> list[Camera]:
    if not found:
        out.print("No cameras found; triggers must name a serial.")
        return []
    return choose_some(
        "Default cameras, for triggers that name none (like 1,3 or all)",
        found,
        lambda c: f"{c.name}  {c.serial}  {c.model}  {c.status}",
        default="1",
    )
