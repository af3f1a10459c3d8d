"""A real gateway in processes of its own, against simulated clouds in this one."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import requests
import yaml

from mvsnap.config.model import Scope
from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.ports import free_port
from mvsnap.simulator.server import serve
from mvsnap.simulator.webex.app import webex_app
from mvsnap.simulator.webex.webex import FakeWebex
from tests.servers.processes import Program, WarmProgram, signal_family
from tests.servers.warm import can_be_warm

ROOT = Path(__file__).parent.parent
KEY = "a-key-for-the-tests-only"
ROOM = "Site A - Alarms"


@dataclass
class Clouds:
    """Both simulated clouds, running."""

    dashboard: FakeDashboard
    webex: FakeWebex
    dashboard_url: str
    webex_url: str

    @property
    def serials(self) -> list[str]:
        return list(self.dashboard.cameras)

    def settings(self, **sections: Any) -> dict[str, Any]:
        """Return settings that use these clouds; `sections` replace whole sections."""
        return {
            "api_keys": [
                {
                    "name": "tests",
                    "key": KEY,
                    "scopes": list(get_args(Scope)),
                }
            ],
            "meraki": {
                "base_url": f"{self.dashboard_url}/api/v1",
                "api_key": self.dashboard.api_key,
                "cameras": self.serials[:1],
            },
            "webex": {
                "base_url": f"{self.webex_url}/v1",
                "bot_token": self.webex.bot_token,
                "room": ROOM,
            },
        } | sections


@contextmanager
def clouds(
    *, cameras: int = 3, not_ready_s: float = 0.0, sense: bool = True
) -> Iterator[Clouds]:
    """sense: of the cameras; without it a gateway asks for no counts of visitors."""
    dashboard = FakeDashboard(cameras=cameras, not_ready_s=not_ready_s)
    # A job that a busy machine starts late asks for its moment; it is there.
    dashboard.video_delay_s = 0
    for camera in dashboard.cameras.values():
        camera.sense = sense
    webex = FakeWebex(rooms=(ROOM, "Site B - Alarms"))
    with (
        serve(dashboard_app(dashboard)) as dashboard_url,
        serve(webex_app(webex)) as webex_url,
    ):
        yield Clouds(dashboard, webex, dashboard_url, webex_url)


def write_config(folder: Path, settings: dict[str, Any]) -> Path:
    """Write settings as config/mvsnap.yaml below `folder`, data beside it."""
    path = folder / "config" / "mvsnap.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    path.chmod(0o600)
    return path


def environment(**more: str) -> dict[str, str]:
    """Return an environment without settings or proxies of this machine."""
    hidden = ("MVSNAP_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith(hidden)}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | more


# That of this checkout.
THIS: tuple[str | Path, ...] = (sys.executable, "-m", "mvsnap")


@dataclass(frozen=True)
class Installation:
    """How mvsnap is called: that of this checkout, unless said otherwise."""

    command: tuple[str | Path, ...] = THIS
    env: dict[str, str] = field(default_factory=environment)


class Gateway:
    """`mvsnap serve` with the given settings, on a port of its own."""

    def __init__(
        self,
        config: Path,
        *,
        roles: str = "web,worker,record",
        of: Installation | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.port = free_port()
        self.roles = roles
        self.url = f"http://{host}:{self.port}"
        self._host = host
        self._config = config
        self._of = of or Installation()
        self._outputs: list[str] = []
        self._program: Program | None = None

    def start(self) -> None:
        self.begin()
        try:
            self.wait()
        except BaseException:
            self.kill()  # nobody else knows of it yet
            raise

    def begin(self) -> None:
        """Start it, and do not wait until it serves."""
        address = ["--host", self._host, "--port", f"{self.port}"]
        roles = ["--roles", self.roles]
        args = ["--config", f"{self._config}", "serve", *address, *roles]
        folder, env = self._config.parent.parent, self._of.env
        if self._of.command == THIS and can_be_warm(env):
            self._program = WarmProgram(args, cwd=folder, env=env)
        else:
            command = [*self._of.command, *args]
            self._program = Program(command, cwd=folder, env=env)

    def wait(self) -> None:
        """Wait until it serves, or does its work."""
        assert self._program is not None
        if "web" in self.roles:
            self._program.wait_for(self._serves, f"{self.url} serves", limit_s=60)
        else:
            firsts = {"worker": "processing jobs", "sense": "listening"}
            does = [firsts[r] for r in firsts if r in self.roles] or ["recording"]
            self._program.wait_for_output(f"mvsnap is {does[0]}", limit_s=60)

    def _serves(self) -> bool:
        """Whether it answers, and not only says that it waits for its database."""
        try:
            # Who hangs up and asks again only gives a busy machine more to do.
            answer = self.session().get(f"{self.url}/readyz", timeout=30)
            store = str(answer.json().get("parts", {}).get("store"))
        except requests.RequestException:
            return False
        return not store.startswith("waiting for the database")

    def kill_after(self, seconds: float) -> None:
        """Let it work for that long, then end it as a power cut would."""
        assert self._program is not None
        threading.Event().wait(seconds)
        os.kill(self._program.pid, 9)
        self.stop()

    def freeze(self) -> None:
        """Let it and what it has started stand still."""
        signal_family(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        signal_family(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, with all it has started."""
        if self._program is not None:
            self._program.stop(signal.SIGKILL)
            self._outputs.append(self._program.output())
            self._program = None

    def stop(self, *, limit_s: float = 30) -> int | None:
        """End it by SIGTERM; by SIGKILL, which is -9, after `limit_s`."""
        assert self._program is not None
        code = self._program.stop(limit_s=limit_s)
        self._outputs.append(self._program.output())
        self._program = None
        return code

    @property
    def has_ended(self) -> bool:
        assert self._program is not None
        return self._program.exit_code is not None

    @property
    def pid(self) -> int:
        assert self._program is not None
        return self._program.pid

    def output(self) -> str:
        """Return all it has said, over all starts."""
        running = self._program.output() if self._program else ""
        return "\n".join([*self._outputs, running])

    def get(self, path: str, **parameters: str) -> requests.Response:
        """GET with the tests' key."""
        return self.session().get(
            f"{self.url}{path}",
            params=parameters,
            headers={"X-API-Key": KEY},
            timeout=90,
        )

    def snapshot(self, **parameters: str) -> requests.Response:
        """wait_s: not the usual ten seconds, which a busy machine may need."""
        return self.get("/api/v1.0/getSnapshot", **{"wait_s": "60"} | parameters)

    @staticmethod
    def session() -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        return session


@contextmanager
def gateway(
    folder: Path,
    settings: dict[str, Any],
    *,
    roles: str = "web,worker,record",
    of: Installation | None = None,
) -> Iterator[Gateway]:
    """Run a gateway for the length of the block."""
    running = Gateway(write_config(folder, settings), roles=roles, of=of)
    running.start()
    try:
        yield running
    finally:
        if running._program is not None:
            running.stop()
