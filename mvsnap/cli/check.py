"""`check`: the settings, and one call to every configured service."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from mvsnap.cli import (
    check_bot,
    check_channels,
    check_home_assistant,
    check_hours,
    check_keys,
    check_logins,
    check_meraki,
    check_recorder,
    check_tls,
)
from mvsnap.cli.terminal import (
    Check,
    CheckResult,
    config_option,
    json_option,
    load_settings,
    out,
    print_json,
    refuse_foreign_root,
)
from mvsnap.cli.usage import as_called
from mvsnap.config.server import BELIEVES_ANYONE
from mvsnap.errors import MvsnapError, UpstreamError
from mvsnap.sqlite_errors import reason
from mvsnap.values import asdict, replace

if TYPE_CHECKING:
    from mvsnap.clients.webex.client import Webex
    from mvsnap.config.model import Settings

# How long a broker may take to accept the connection.
_BROKER_S = 10.0
_MARKS = {True: "[green]ok  [/green]", False: "[red]bad [/red]", None: "[dim]--  "}
# Of the column of names; a longer one is printed whole.
_WIDEST_NAME = 18


@config_option
@click.command()
@json_option
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    """Check the settings and call every configured service."""
    from mvsnap.runtime.in_force import settings_in_force
    from mvsnap.store.time_limits import COMMAND, set_limits

    file = load_settings(ctx)
    refuse_foreign_root(file.data_dir)
    set_limits(COMMAND)
    held = settings_in_force(file)
    first = [CheckResult(True, str(ctx.obj)), *map(_unheld, held.mistakes)]
    rows, checks = [], _checks(held.settings)
    width = min(max(len(name) for name, _ in checks), _WIDEST_NAME)
    later = ((name, _checked(check)) for name, check in checks)
    with check_recorder.results_alone():
        for name, found in chain((("settings", one) for one in first), later):
            rows.append({"name": name, **asdict(found)})
            if not as_json:
                mark = _MARKS[found.ok]
                out.print(f"{mark} {escape(name):<{width}}  {escape(found.text)}")
    if as_json:
        print_json(rows)
    if any(row["ok"] is False for row in rows):
        raise SystemExit(1)


def _unheld(mistake: str) -> CheckResult:
    return CheckResult(False, f"made on the pages, not in use: {mistake}")


def _checks(settings: Settings) -> list[Check]:
    return [
        *([("proxies", _proxies)] if settings.server.believes_anyone else ()),
        *check_tls.checks(settings),
        ("database", lambda: _database(settings)),
        ("api keys", lambda: check_keys.api_keys(settings)),
        ("jobs", lambda: _engine(settings)),
        *check_meraki.checks(settings),
        ("Webex", lambda: _webex(settings)),
        ("rooms", lambda: _rooms(settings)),
        *check_channels.checks(settings),
        *check_bot.checks(settings),
        *check_hours.checks(settings),
        *check_recorder.checks(settings),
        ("MV Sense", lambda: _sense(settings)),
        *check_home_assistant.checks(settings),
        ("Wi-Fi", lambda: _wifi(settings)),
        ("badges", lambda: _badges(settings)),
        *_reports(settings),
        ("pages", lambda: _pages(settings)),
        *_ids(settings),
        *check_logins.checks(settings, lambda: _names(settings)),
    ]


def _checked(check: Callable[[], CheckResult]) -> CheckResult:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return check()
    except MvsnapError as exc:
        return CheckResult(False, exc.message)
    except SQLAlchemyError as exc:
        return CheckResult(False, f"no database: {reason(exc)}")
    except OSError as exc:
        return CheckResult(False, f"{exc.filename}: {exc.strerror}")


def _proxies() -> CheckResult:
    return CheckResult(None, BELIEVES_ANYONE)


def _database(settings: Settings) -> CheckResult:
    from mvsnap.runtime import store_url
    from mvsnap.store import database
    from mvsnap.store.sqlite_file import require_sound

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    require_sound(store_url(settings), thorough=True)
    engine = database.open_database(store_url(settings))
    database.upgrade(engine)
    kind = engine.dialect.name
    return CheckResult(True, f"{kind}, version {database.version(engine)}")


def _engine(settings: Settings) -> CheckResult:
    from mvsnap.jobs.engine_fitness import check_fitness
    from mvsnap.runtime import jobs_url
    from mvsnap.store.sqlite_file import require_sound

    check_fitness()
    require_sound(jobs_url(settings), thorough=True)
    return CheckResult(True, "the job engine runs on this machine")


def _webex_client(settings: Settings) -> Webex | None:
    from mvsnap.clock import SystemClock
    from mvsnap.runtime import clouds

    return clouds.shared_webex(settings, SystemClock())


def _webex(settings: Settings) -> CheckResult:
    webex = _webex_client(settings)
    if webex is None:
        return CheckResult(None, "not configured: pictures are kept, not posted")
    return CheckResult(True, f"signed in as {webex.me()}")


def _rooms(settings: Settings) -> CheckResult:
    """Every room that may be notified."""
    webex = _webex_client(settings)
    is_channel = settings.recipients.is_channel
    of_zones = (r for one in settings.sense.overrides for r in one.rooms or ())
    every = dict.fromkeys([*settings.rooms_named(), *of_zones])
    named = [room for room in every if not is_channel(room)]
    if webex is None or not named:
        return CheckResult(None, "no webex.room: triggers must name a room")
    wrong = []
    for room in named:
        try:
            webex.resolve(room)
        except UpstreamError as exc:
            wrong.append(exc.message)
    if wrong:
        return CheckResult(False, "; ".join(wrong))
    return CheckResult(True, ", ".join(named))


def _sense(settings: Settings) -> CheckResult:
    from mvsnap.clock import SystemClock, poll
    from mvsnap.sense.broker_connection import broker_of
    from mvsnap.sense.receiver import Receiver

    if not settings.sense.enabled:
        return CheckResult(None, "off (sense.enabled)")
    # An id of its own: the listener's would disconnect a running service.
    name = f"mvsnap-check-{secrets.token_hex(4)}"
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
    return CheckResult(state.connected, state.text)


def _badges(settings: Settings) -> CheckResult:
    """Read the directory as the service does, and report the readers with a camera."""
    from mvsnap.badges.directory_sync import left_out, read_directory

    ours = settings.badges
    if not ours.configured:
        return CheckResult(None, "no reader has a camera (badges.camera_of_reader)")
    facts = [f"readers with a camera: {len(ours.camera_of_reader)}"]
    if ours.directory is not None:
        encoding = ours.directory_encoding
        found = read_directory(ours.directory, encoding=encoding)
        if found.mistakes:
            return CheckResult(False, f"badges.directory: {left_out(found)}")
        facts.append(f"people: {len(found.people)}")
    if ours.camera_of_reader and not settings.asks_meraki:
        facts.append("but pictures cannot be fetched: meraki.api_key is not set")
        return CheckResult(False, ", ".join(facts))
    return CheckResult(True, ", ".join(facts))


def _wifi(settings: Settings) -> CheckResult:
    from mvsnap.runtime import store_url
    from mvsnap.store import database
    from mvsnap.wifi import salt
    from mvsnap.wifi.batches import WifiStore

    endpoints = len(settings.scanning.endpoints)
    if not endpoints:
        return CheckResult(None, "no scanning.endpoints: no analytics")
    kept = "MAC addresses not hashed"
    if settings.scanning.hash_macs:
        kept = "MAC addresses hashed"
        salt.salt(settings.data_dir)
    with database.opened(store_url(settings)) as db:
        waiting = WifiStore(db).waiting()
    text = f"endpoints: {endpoints}, {kept}, batches waiting for the worker: {waiting}"
    return CheckResult(True, text)


def _pages(settings: Settings) -> CheckResult:
    names = ", ".join(_names(settings))
    if not names:
        add = as_called("users add NAME")
        return CheckResult(None, f"no users yet: {add}")
    return CheckResult(True, f"users: {names}")


def _reports(settings: Settings) -> list[Check]:
    """What the site reports by itself; its rooms are checked with the others."""
    url, found = settings.heartbeat_url, []
    reached = settings.recipients.only(settings.alerts.channel)
    if settings.alerts.configured and not reached:
        text = "alerts.channel is set, but webex.bot_token is missing"
        found.append(("alerts", lambda: CheckResult(False, text)))
    if url is not None:
        found.append(("heartbeat", lambda: _heartbeat(url.get_secret_value())))
    return found


def _heartbeat(url: str) -> CheckResult:
    from mvsnap.clients.heartbeat import ping

    ping(url)
    return CheckResult(True, "the watcher took note of one")


def _ids(settings: Settings) -> list[Check]:
    from mvsnap.store.sharing.identities import renewed_ids

    renewed = renewed_ids(settings.data_dir)
    return [("ids", lambda: CheckResult(None, renewed))] if renewed else []


def _names(settings: Settings) -> list[str]:
    """Return who may log in with the configured backend."""
    from mvsnap.runtime import store_url
    from mvsnap.store import database
    from mvsnap.store.users import UserStore

    with database.opened(store_url(settings)) as db:
        users = UserStore(db).users()
    return [user.name for user in users if settings.login.knows(user)]
