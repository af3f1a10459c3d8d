"""`init` of the recording cameras: each is tested before it is written."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import click

from mvsnap.camera_sources import ask_source, open_ixon
from mvsnap.cli.check_recorder import LENGTH_S, results_alone
from mvsnap.cli.questions import ask_invisible, ask_text, bad, choose_some, ok
from mvsnap.cli.terminal import err, out
from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clock import SystemClock
from mvsnap.config.load import settings_of
from mvsnap.config.model import Settings
from mvsnap.config.write import Values
from mvsnap.domain import Serial
from mvsnap.errors import BadConfig, MvsnapError, UpstreamError
from mvsnap.recorder import probe
from mvsnap.runtime import clouds

Entry = dict[str, Any]


def ask_cameras(known: Settings, values: Values) -> dict[str, Any]:
    """Return the new cameras, {} without any.

    values: the answers so far; their Meraki and IXON cameras are offered.
    """
    out.print("\n[bold]Recording cameras[/bold]  clips that start before the alarm")
    if names := ", ".join(known.recorder.cameras):
        out.print(f"Already set up: {names}", markup=False)
    asked = _Cameras(known, values)
    asked.ask_meraki()
    asked.ask_ixon()
    asked.ask_addresses()
    return {"cameras": asked.found} if asked.found else {}


class _Cameras:
    """The cameras so far, and the settings that a camera is tested with."""

    def __init__(self, known: Settings, values: Values) -> None:
        self.found: dict[str, Entry] = {}
        self._known = known
        self._meraki = values["meraki"]
        self._ixon = values["ixon"]
        self._names = {name.casefold() for name in known.recorder.cameras}

    def ask_meraki(self) -> None:
        """Offer the chosen cameras that provide their own stream (external RTSP)."""
        serials = self._meraki.get("cameras", [])
        if not serials:
            return
        meraki = self._known.meraki.with_key(self._meraki["api_key"])
        with closing(clouds.dashboard(meraki, SystemClock())) as dashboard:
            open_ones = [s for s in serials if _is_open(dashboard, Serial(s))]
            if not open_ones:
                out.print("External RTSP is off on the selected Meraki cameras.")
                return
            names = {s: _name(dashboard, Serial(s)) for s in open_ones}
        picked = choose_some(
            "Which Meraki cameras should record? (like 1,3, all or none)",
            open_ones,
            lambda serial: f"{names[serial]}  {serial}",
            default="none",
        )
        for serial in picked:
            entry = {"meraki_serial": serial}
            if self._works(entry):
                self._add(_plain(names[serial]), entry)

    def ask_ixon(self) -> None:
        """Offer the service that was just chosen."""
        if "agent_server_id" not in self._ixon:
            return
        entry: Entry = {"ixon": True} | _ask_login("for the camera behind IXON")
        if self._works(entry):
            self._ask_name(entry)

    def ask_addresses(self) -> None:
        url = ""  # of a camera that failed: most often a wrong password
        while url := _ask_address(url):
            entry: Entry = {"url": url}
            if not _holds_login(url):
                entry |= _ask_login("for the camera")
            if self._works(entry):
                self._ask_name(entry)
                url = ""
            elif _holds_login(url):
                url = ""  # shown nowhere

    def _works(self, entry: Entry) -> bool:
        """Test a camera; a failed one is kept if the person says so."""
        try:
            ok(self._tried(entry))
            return True
        except BadConfig as exc:
            for mistake in exc.mistakes:
                bad(mistake.removeprefix("recorder.cameras.camera."))
            return False
        except MvsnapError as exc:
            bad(exc.message)
            return click.confirm("Keep it anyway?", default=False)

    def _tried(self, entry: Entry) -> str:
        """Return what the camera sends.

        Raises:
            BadConfig: the answers are not valid settings.
            MvsnapError: the camera sends no video, or ffprobe is missing.
        """
        trial = self._trial(entry)
        clock = SystemClock()
        ixon = open_ixon(trial, clock)
        with closing(clouds.dashboard(trial.meraki, clock)) as dashboard:
            try:
                source = ask_source(trial, "camera", clock, dashboard, ixon)()
                with results_alone(), err.status(f"recording {LENGTH_S} s"):
                    return str(
                        probe(
                            source,
                            program=trial.recorder.ffprobe,
                            ffmpeg=trial.recorder.ffmpeg,
                        )
                    )
            finally:
                if ixon is not None:
                    ixon.close()

    def _trial(self, entry: Entry) -> Settings:
        known = self._known
        tree: dict[str, Any] = {
            "recorder": {
                "cameras": {"camera": entry},
                "ffmpeg": known.recorder.ffmpeg,
                "ffprobe": known.recorder.ffprobe,
            },
            "meraki": {
                "base_url": known.meraki.base_url,
                "requests_per_s": known.meraki.requests_per_s,
            },
        }
        if "meraki_serial" in entry:
            tree["meraki"]["api_key"] = self._meraki["api_key"]
        if "ixon" in entry:
            given = {name: text for name, text in self._ixon.items() if text}
            tree["ixon"] = given | {
                "base_url": known.ixon.base_url,
                "api_version": known.ixon.api_version,
            }
        return settings_of(tree)

    def _ask_name(self, entry: Entry) -> None:
        number = len(self._names) + 1

        def free(text: str) -> str:
            name = text.strip()
            if name.casefold() in self._names:
                raise click.BadParameter(f"a camera named {name} already exists")
            try:
                settings_of({"recorder": {"cameras": {name: {"url": "rtsp://a/"}}}})
            except BadConfig as exc:
                raise click.BadParameter(exc.mistakes[0].partition(": ")[2]) from None
            return name

        question = "Name for this camera"
        name = click.prompt(question, default=f"camera {number}", value_proc=free)
        self._add(name, entry)

    def _add(self, name: str, entry: Entry) -> None:
        wanted, number = name, 1
        while wanted.casefold() in self._names:
            number += 1
            wanted = f"{name[:36]} {number}"
        self._names.add(wanted.casefold())
        self.found[wanted] = entry


def _is_open(dashboard: Dashboard, serial: Serial) -> bool:
    try:
        dashboard.stream_url(serial)
    except UpstreamError:
        return False
    return True


def _name(dashboard: Dashboard, serial: Serial) -> str:
    try:
        return dashboard.camera(serial).name
    except UpstreamError:
        return serial


def _ask_address(last: str) -> str:
    """Return the address of a camera, "" when finished.

    last: tried once more unless the person enters another one, or "".
    """
    if last:
        question = "Camera address, to try again (none to skip this camera)"
        answer: str = click.prompt(question, default=last).strip()
        if answer.casefold() != "none":
            return answer
    return ask_text("Camera address, like rtsp://192.0.2.7:554/stream1", "to finish")


def _ask_login(where: str) -> Entry:
    username = ask_text(f"User name {where}", "for none")
    if not username:
        return {}
    password = ask_invisible("Password", "for none")
    auth = {"username": username} | ({"password": password} if password else {})
    return {"auth": auth}


def _holds_login(url: str) -> bool:
    try:
        return urlsplit(url).username is not None
    except ValueError:
        return True  # invalid: its mistake is reported next


def _plain(name: str) -> str:
    """Return a Dashboard name in the form that the settings accept."""
    words = re.sub(r"[^\w .-]+", " ", name).split()
    return " ".join(words)[:36].strip(" ._-") or "camera"
