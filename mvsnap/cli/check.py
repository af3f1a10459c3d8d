"""`check`: the settings, and one call to every configured service."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from mvsnap.cli import check_recorder
from mvsnap.cli.terminal import (
    Line,
    config_option,
    load_settings,
    out,
    refuse_foreign_root,
)
from mvsnap.domain import Serial
from mvsnap.errors import MvsnapError, UpstreamError

if TYPE_CHECKING:
    from mvsnap.clients.meraki.dashboard import Dashboard
    from mvsnap.clients.webex.client import Webex
    from mvsnap.config.model import Settings

# How long a broker may take to let us in.
_BROKER_S = 10.0


@config_option
@click.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Check the settings and call every configured service."""
    settings = load_settings(ctx)
    refuse_foreign_root(settings.data_dir)
    lines = [Line("settings", True, str(ctx.obj))]
    _show(lines[0])
    for name, look in _looks(settings):
        line = _guarded(name, look)
        _show(line)
        lines.append(line)
    if any(line.ok is False for line in lines):
        raise SystemExit(1)


def _looks(settings: Settings) -> list[tuple[str, Callable[[], Line]]]:
    looks = [
        ("api keys", lambda: _api_keys(settings)),
        ("database", lambda: _database(settings)),
        ("jobs", _engine),
        ("Meraki", lambda: _meraki(settings)),
        ("cameras", lambda: _cameras(settings)),
        ("Webex", lambda: _webex(settings)),
        ("rooms", lambda: _rooms(settings)),
        *check_recorder.looks(settings),
        ("MV Sense", lambda: _sense(settings)),
        ("Wi-Fi", lambda: _wifi(settings)),
        ("badges", lambda: _badges(settings)),
        ("pages", lambda: _pages(settings)),
    ]
    if settings.login.backend == "pam":
        looks.append(("log-ins", lambda: _log_ins(settings)))
    return looks


def _guarded(name: str, look: Callable[[], Line]) -> Line:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return look()
    except MvsnapError as exc:
        return Line(name, False, exc.message)
    except SQLAlchemyError as exc:
        # The text of the driver may name the password: only the kind is told.
        return Line(name, False, f"no database: {type(exc).__name__}")
    except OSError as exc:
        return Line(name, False, f"{exc.filename}: {exc.strerror}")


def _show(line: Line) -> None:
    mark = {True: "[green]ok  [/green]", False: "[red]bad [/red]", None: "[dim]--  "}
    out.print(f"{mark[line.ok]} {line.name:<9} {escape(line.text)}")


def _api_keys(settings: Settings) -> Line:
    names = ", ".join(key.name for key in settings.api_keys)
    if names:
        return Line("api keys", True, names)
    if settings.lets_somebody_in(listens=settings.sense.enabled):
        return Line("api keys", None, "none: nobody can call the API (api_keys)")
    return Line("api keys", False, "none: nobody can call the gateway (api_keys)")


def _database(settings: Settings) -> Line:
    from mvsnap.runtime import store_url
    from mvsnap.store import database

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = database.open_database(store_url(settings))
    database.upgrade(engine)
    kind = engine.dialect.name
    return Line("database", True, f"{kind}, version {database.version(engine)}")


def _engine() -> Line:
    from mvsnap.jobs.engine import check_fitness

    check_fitness()
    return Line("jobs", True, "the job engine can run on this machine")


def _dashboard(settings: Settings) -> Dashboard | None:
    from mvsnap.clients.meraki.dashboard import Dashboard
    from mvsnap.clock import SystemClock

    meraki = settings.meraki
    if meraki.api_key is None:
        return None
    key = meraki.api_key.get_secret_value()
    return Dashboard(meraki.base_url, key, clock=SystemClock())


def _meraki(settings: Settings) -> Line:
    dashboard = _dashboard(settings)
    if dashboard is None and not settings.needs_dashboard():
        return Line("Meraki", None, "no meraki.api_key: no snapshots")
    if dashboard is None:
        return Line("Meraki", False, "meraki.api_key is missing")
    return Line("Meraki", True, f"signed in as {dashboard.whoami()}")


def _cameras(settings: Settings) -> Line:
    dashboard = _dashboard(settings)
    wanted = settings.cameras_named()
    if dashboard is None or not wanted:
        return Line("cameras", None, "none named in meraki.cameras")
    seen = []
    for serial in wanted:
        camera = dashboard.camera(Serial(serial))
        seen.append(f"{camera.name} ({serial})")
    return Line("cameras", True, ", ".join(seen))


def _webex_client(settings: Settings) -> Webex | None:
    from mvsnap.clients.webex.client import Webex

    webex = settings.webex
    if webex.bot_token is None:
        return None
    return Webex(webex.base_url, webex.bot_token.get_secret_value())


def _webex(settings: Settings) -> Line:
    webex = _webex_client(settings)
    if webex is None:
        return Line("Webex", None, "not configured: pictures are kept, not posted")
    return Line("Webex", True, f"signed in as {webex.me()}")


def _rooms(settings: Settings) -> Line:
    """Every room that is named anywhere, also on the settings page."""
    webex = _webex_client(settings)
    named = list(dict.fromkeys([*settings.rooms_named(), *_chosen_rooms(settings)]))
    if webex is None or not named:
        return Line("rooms", None, "no webex.room: triggers must name one")
    wrong = []
    for room in named:
        try:
            webex.resolve(room)
        except UpstreamError as exc:
            wrong.append(exc.message)
    if wrong:
        return Line("rooms", False, "; ".join(wrong))
    return Line("rooms", True, ", ".join(named))


def _chosen_rooms(settings: Settings) -> tuple[str, ...]:
    from mvsnap.config.choices import chosen_sense
    from mvsnap.runtime import store_url
    from mvsnap.store import database
    from mvsnap.store.site import SiteStore

    db = database.Database(database.open_database(store_url(settings)))
    chosen = chosen_sense(settings.sense, SiteStore(db).choices())
    return (*chosen.rooms, *(r for o in chosen.overrides for r in o.rooms or ()))


def _sense(settings: Settings) -> Line:
    from mvsnap.clock import SystemClock, poll
    from mvsnap.sense.broker_connection import broker_of
    from mvsnap.sense.receiver import Receiver

    if not settings.sense.enabled:
        return Line("MV Sense", None, "not listened to (sense.enabled)")
    # An id of its own: the listener's would throw a running service out.
    name = f"mvsnap-check-{os.getpid()}"
    broker = replace(broker_of(settings.sense, name), keeps_session=False)
    receiver = Receiver(broker)
    receiver.start()
    try:
        poll(
            lambda: receiver.state.connected or None,
            SystemClock(),
            every_s=0.05,
            limit_s=_BROKER_S,
        )
        state = receiver.state
    finally:
        receiver.stop()
    return Line("MV Sense", state.connected, state.text)


def _badges(settings: Settings) -> Line:
    """Read the directory as the service does, and say who has a camera."""
    from mvsnap.badges.directory_sync import read_directory

    ours = settings.badges
    if not ours.configured:
        return Line("badges", None, "no reader has a camera (badges.camera_of_reader)")
    told = [f"{len(ours.camera_of_reader)} readers with a camera"]
    if ours.directory is not None:
        found = read_directory(ours.directory)
        if found.mistakes:
            first = f"{found.mistakes} entries left out; {found.first}"
            return Line("badges", False, f"badges.directory: {first}")
        told.append(f"{len(found.people)} people")
    if ours.camera_of_reader and settings.meraki.api_key is None:
        told.append("but no picture is fetched: meraki.api_key is not set")
        return Line("badges", False, ", ".join(told))
    return Line("badges", True, ", ".join(told))


def _wifi(settings: Settings) -> Line:
    from mvsnap.runtime import store_url
    from mvsnap.store import database
    from mvsnap.wifi import salt
    from mvsnap.wifi.batches import WifiStore

    endpoints = len(settings.scanning.endpoints)
    if not endpoints:
        return Line("Wi-Fi", None, "no scanning.endpoints: no analytics")
    kept = "MAC addresses as they are"
    if settings.scanning.hash_macs:
        kept = "MAC addresses hashed"
        salt.salt(settings.data_dir)
    db = database.Database(database.open_database(store_url(settings)))
    waiting = WifiStore(db).waiting()
    text = f"{endpoints} endpoints, {kept}, {waiting} batches wait for the worker"
    return Line("Wi-Fi", True, text)


def _pages(settings: Settings) -> Line:
    names = ", ".join(_names(settings))
    if not names:
        return Line(
            "pages", None, "nobody can log in yet: python -m mvsnap users add NAME"
        )
    return Line("pages", True, names)


def _log_ins(settings: Settings) -> Line:
    from mvsnap.web import accounts

    service = settings.login.pam_service
    mistakes = accounts.mistakes(service, _names(settings))
    if mistakes:
        return Line("log-ins", False, "; ".join(mistakes))
    where = accounts.service_file(service)
    return Line("log-ins", True, f"system accounts, by PAM: {where}")


def _names(settings: Settings) -> list[str]:
    """Return who may log in with the backend that is set."""
    from mvsnap.runtime import store_url
    from mvsnap.store import database
    from mvsnap.store.users import People

    people = People(database.Database(database.open_database(store_url(settings))))
    backend = settings.login.backend
    return [user.name for user in people.users() if user.backend == backend]
