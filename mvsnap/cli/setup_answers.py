"""Answers to `init` from a file: one file for many gateways, and no questions.

The file has sections of settings below `all`, and below the name of a gateway, which
is its host name unless `--name` says another. Where the wizard shows a list, a name
does here: `meraki.organization`, `meraki.network`, names in `meraki.cameras`, or `all`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from mvsnap.cli.setup_keys import new_api_key
from mvsnap.cli.terminal import foreign_owner, list_mistakes, out, require_changeable
from mvsnap.cli.usage import as_called
from mvsnap.clock import SystemClock
from mvsnap.config.environment import apply
from mvsnap.config.load import load, read_tree, settings_of
from mvsnap.config.values import is_serial
from mvsnap.config.write import Values, write_settings
from mvsnap.domain import Camera
from mvsnap.errors import BadConfig
from mvsnap.runtime import clouds

T = TypeVar("T")

ALL = "all"
_SHOWN = 10
# What may be a name here, and is an id in the settings.
_NAMED = {"organization", "network", "cameras"}


def write_answers(path: Path, answers: Path, name: str | None) -> None:
    """Write the settings of one gateway, or say every mistake and exit with code 1."""
    require_changeable(path)
    name = name or socket.gethostname()
    try:
        values = answered(answers, name)
        known = load(path, {}).api_keys
    except BadConfig as exc:
        list_mistakes(answers, exc.mistakes)
        raise SystemExit(1) from exc
    has_keys = bool(known or values.get("api_keys"))
    api_keys = [] if has_keys else [new_api_key()]
    write_settings(path, values, api_keys)
    out.print(f"Written: {path}, as {name}.", markup=False)
    if api_keys:
        out.print(f"Your API key:  {api_keys[0]['key']}", markup=False)
    is_for_service = foreign_owner(load(path, {}).data_dir) is not None
    following = "sudo make install" if is_for_service else as_called("check")
    out.print(f"Next: {following}", markup=False)


def answered(path: Path, name: str, environ: Mapping[str, str] = os.environ) -> Values:
    """Return the settings of one gateway; MVSNAP_* variables come last.

    Raises:
        BadConfig: every mistake with its path.
        UpstreamError: Meraki was asked for a name and did not answer.
    """
    tree = _of_gateway(path, name)
    mistakes: list[str] = []
    apply(tree, environ, mistakes)
    if mistakes:
        raise BadConfig(mistakes)
    if _has_names(tree.get("meraki")):
        try:
            tree["meraki"] = _with_ids(tree)
        except BadConfig as exc:
            both = dict.fromkeys((*exc.mistakes, *_other_mistakes(tree)))
            raise BadConfig(list(both)) from exc
    settings_of(tree)
    return tree


def _other_mistakes(tree: dict[str, Any]) -> list[str]:
    """Return those besides the names in `meraki`."""
    meraki = {key: each for key, each in tree["meraki"].items() if key not in _NAMED}
    try:
        settings_of({**tree, "meraki": meraki})
    except BadConfig as exc:
        return exc.mistakes
    return []


def _of_gateway(path: Path, name: str) -> dict[str, Any]:
    given = read_tree(path)
    if own := [each for each in given if str(each).casefold() == name.casefold()]:
        merged: Values = _merged(given.get(ALL) or {}, given[own[0]] or {})
        return merged
    others = ", ".join(each for each in given if each != ALL)
    raise BadConfig([f"{path}: has no gateway {name!r}, only: {others or 'none'}"])


def _merged(below: Any, above: Any) -> Any:
    """Return mappings joined key by key; anything else is replaced."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    both = {key: _merged(below[key], above[key]) for key in below.keys() & above.keys()}
    return {**below, **above, **both}


def _has_names(meraki: Any) -> bool:
    if not isinstance(meraki, dict):
        return False
    cameras = meraki.get("cameras")
    wanted = [cameras] if isinstance(cameras, str) else cameras or []
    return bool(
        meraki.keys() & {"organization", "network"}
        or ALL in wanted
        or any(isinstance(each, str) and not is_serial(each) for each in wanted)
    )


def _with_ids(tree: dict[str, Any]) -> dict[str, Any]:
    """Return `meraki` with the ids of what is named there."""
    meraki = dict(tree["meraki"])
    organization = meraki.pop("organization", None)
    network = meraki.pop("network", None)
    cameras = meraki.pop("cameras", [])
    known = settings_of({"meraki": meraki})
    dashboard = clouds.dashboard(known.meraki, SystemClock())
    organizations = dashboard.organizations()
    if organization is None and "organization_id" not in meraki:
        organization = organizations[0].name if len(organizations) == 1 else ""
    if organization is not None:
        where = "meraki.organization"
        found = _one(where, organization, organizations, lambda each: each.name)
        meraki["organization_id"] = found.id
    own = meraki["organization_id"]
    if network is not None:
        networks = dashboard.networks(own)
        where = "meraki.network"
        meraki["network_id"] = _one(where, network, networks, lambda n: n.name).id
    seen = dashboard.cameras(own, meraki.get("network_id"))
    meraki["cameras"] = list(_serials(cameras, seen))
    return meraki


def _serials(cameras: Any, seen: list[Camera]) -> Iterable[str]:
    wanted = [cameras] if isinstance(cameras, str) else cameras
    if ALL in wanted:
        return [camera.serial for camera in seen]
    return [
        each
        if is_serial(each)
        else _one("meraki.cameras", each, seen, lambda camera: camera.name).serial
        for each in wanted
    ]


def _one(where: str, wanted: str, found: Iterable[T], name: Callable[[T], str]) -> T:
    """Return the one with this name, in any case.

    Raises:
        BadConfig: there is none, or there are several.
    """
    named: dict[str, T] = {}
    several: set[str] = set()
    for each in found:
        key = name(each).strip().casefold()
        several |= {key} & named.keys()
        named[key] = each
    key = wanted.strip().casefold()
    if key in named and key not in several:
        return named[key]
    if key in several:
        raise BadConfig([f"{where}: several are named {wanted!r}: give the id"])
    shown = ", ".join(name(each) for each in list(named.values())[:_SHOWN])
    raise BadConfig([f"{where}: expected one of {shown or 'none'}; got {wanted!r}"])
