"""SIGHUP: the settings are read anew while the service runs.

What only the pages and the API use gets a new application, between two requests. Which
troubles are reported, to whom, and where the heartbeat goes, is followed by the
worker. The rest is part of what runs (connections, recordings, jobs): it needs a
restart, and the log says which settings those are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from mvsnap import logs
from mvsnap.config.load import load
from mvsnap.config.logs import LogSection
from mvsnap.config.model import Settings
from mvsnap.config.values import Section
from mvsnap.errors import BadConfig

log = logging.getLogger(__name__)

_OF_LOG = "log"
# Nothing but the web role looks at them.
_OF_WEB = ("api_keys", "webhooks", "login")
# The worker makes its watch anew. Its recipients may be among these.
_ALERTS, _OF_ALERTS = "alerts", ("channels", "webex", "organizations")
# The worker reports by them, and the pages show them.
_OF_REPORTING = ("heartbeat_url", "visitors.occupancy")
# They name cameras of this section, which are those that are recorded.
_CAMERAS = "recorder"


def configure_logs(settings: Settings, also: Settings | None = None) -> None:
    """Let the log be as the settings say; also: others, whose secrets are hidden."""
    secrets = settings.secrets() + (also.secrets() if also is not None else [])
    logs.configure(
        secrets,
        settings.log.number,
        form=settings.log.format,
        ffmpeg_too=settings.recorder.debug_info,
        zone=settings.site.zone,
    )
    logs.catch_errors_of_threads()


class Reloading:
    """read: the settings as a start would have them.

    use: gives the pages, the API and the watch new settings; raises BadConfig.
    """

    def __init__(
        self,
        running: Settings,
        read: Callable[[], Settings],
        use: Callable[[Settings], None],
    ) -> None:
        self._running = running
        self._read = read
        self._use = use

    def reload(self) -> None:
        """Follow the settings as far as possible; wrong ones change nothing."""
        try:
            found = self._read()
            self._follow(found)
        except BadConfig as exc:
            log.error(
                "the settings have mistakes, so the old ones stay: %s",
                "; ".join(exc.mistakes),
            )

    def _follow(self, found: Settings) -> None:
        changed = list(differences(self._running, found))
        can = {_OF_LOG, *_OF_WEB, _ALERTS, *_OF_REPORTING}
        if any(_section(name) in _OF_ALERTS for name in changed):
            can -= {_ALERTS}
        if any(_section(name) == _CAMERAS for name in changed):
            can = {_OF_LOG}
        followed = [name for name in changed if {name, _section(name)} & can]
        left = [name for name in changed if name not in followed]
        new = _with(self._running, found, followed)
        if any(_section(name) != _OF_LOG for name in followed):
            # What uses them may soon say something.
            logs.hide(new.secrets())
            self._use(new)
        if followed:
            configure_logs(new, also=self._running)
            self._running = new
        log.info("settings read anew: %s", ", ".join(followed) or "nothing to follow")
        if left:
            log.warning("needs a restart: %s", ", ".join(left))


def read_again(
    path: Path, host: str | None, port: int | None, *, is_debug: bool = False
) -> Settings:
    """Return the settings of a file, with the address of the command line, if given.

    Raises:
        BadConfig: every mistake; also if there is no such file.
    """
    if not path.exists():
        raise BadConfig([f"{path} is missing"])
    settings = load(path)
    given = {"host": host, "port": port}
    update = {name: value for name, value in given.items() if value is not None}
    server = settings.server.model_copy(update=update)
    log = LogSection(format=settings.log.format, level="debug")
    return settings.model_copy(
        update={"server": server} | ({"log": log} if is_debug else {})
    )


def differences(one: Section, other: Section, above: str = "") -> Iterator[str]:
    """Yield the name of each setting that differs, like `server.port`."""
    for name in type(one).model_fields:
        ours, theirs = getattr(one, name), getattr(other, name)
        if isinstance(ours, Section) and type(ours) is type(theirs):
            yield from differences(ours, theirs, f"{above}{name}.")
        elif ours != theirs:
            yield f"{above}{name}"


def _with(running: Settings, found: Settings, followed: Iterable[str]) -> Settings:
    """Return the running settings with those that are followed, as they were found."""
    update: dict[str, object] = {}
    for section, _, name in (each.partition(".") for each in followed):
        old, new = getattr(running, section), getattr(found, section)
        is_part = f"{section}.{name}" in _OF_REPORTING
        update[section] = (
            old.model_copy(update={name: getattr(new, name)}) if is_part else new
        )
    return running.model_copy(update=update)


def _section(name: str) -> str:
    return name.partition(".")[0]
