"""A site of three machines: ten processes, and every service that they share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mvsnap.clock import SystemClock
from mvsnap.jobs.executors import installation
from mvsnap.simulator.meraki.cameras import SimulatedCamera
from mvsnap.simulator.mqtt.broker import Mosquitto
from mvsnap.store import database
from mvsnap.store.sense import SenseStore
from mvsnap.store.sharing.claims import CAMERAS, Claims
from tests.clients.fakes import picture
from tests.gateway import Clouds, Gateway, Installation, clouds
from tests.servers.machine import Machine
from tests.servers.postgres import PostgresServer, postgres
from tests.servers.processes import wait_until
from tests.servers.rtsp import RtspCamera, rtsp_camera
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, ObjectStore, object_store

TOKEN = "a-token-of-the-robots"
# Every machine has a web process and a worker; two of three listen, or record.
PARTS = (
    ("web", "worker", "record", "sense"),
    ("web", "worker", "record"),
    ("web", "worker", "sense"),
)
ZONES = "zones"
BUCKET = "evidence"
PRE_ROLL_S, POST_ROLL_S = 2.0, 3.0
DWELL_S, DROPOUT_S = 2, 2


@dataclass
class Services:
    """What outlives every machine."""

    store: PostgresServer
    bucket: ObjectStore
    broker: Mosquitto
    camera: RtspCamera
    clouds: Clouds


@dataclass
class Site:
    """machines: also those that are dead; the places of the living are 0 to 2."""

    services: Services
    settings: Mapping[str, Any]
    of: Installation
    folder: Path
    robots: list[str]
    parts: Sequence[Sequence[str]] = PARTS
    machines: list[Machine] = field(default_factory=list)
    claims: dict[str, Claims] = field(default_factory=dict)

    @property
    def living(self) -> list[Machine]:
        return [machine for machine in self.machines if machine.is_alive]

    @property
    def cameras(self) -> list[SimulatedCamera]:
        return list(self.services.clouds.dashboard.cameras.values())

    def webs(self) -> list[Gateway]:
        """Return every web process that is alive."""
        return [web for machine in self.living for web in machine.webs]

    def addresses(self) -> list[str]:
        """Return those of all web processes, as whoever calls them knows them."""
        return [web.url for machine in self.machines for web in machine.webs]

    def add(self, place: int) -> Machine:
        """Start a new machine with the roles of this place, and do not wait for it."""
        number = len(self.machines) + 1
        folder = self.folder / f"machine-{number}"
        machine = Machine(
            *(folder, f"127.0.1.{number}", self.parts[place]),
            {**self.settings},
            self.of,
        )
        machine.begin()
        self.machines.append(machine)
        return machine

    def stop(self) -> None:
        for machine in self.machines:
            machine.stop()

    def held(self, kind: str) -> dict[str, str]:
        """Return who has each camera, or bucket of zones, of those that are alive."""
        return self.claims[kind].holders()

    def holds(self, machine: Machine, kind: str) -> dict[str, str]:
        """Return what this machine has, and under which of its ids."""
        if kind == CAMERAS:
            holder = installation(machine.data_dir)
        else:
            file = machine.data_dir / "listener-id"
            holder = file.read_text().strip() if file.exists() else "nobody"
        found = self.held(kind).items()
        return {name: who for name, who in found if who.startswith(holder)}


@contextmanager
def services(folder: Path, cameras: int, films: Path) -> Iterator[Services]:
    with ExitStack() as stack:
        store = stack.enter_context(postgres())
        store.execute("CREATE DATABASE mvsnap")
        bucket = stack.enter_context(object_store())
        bucket.bucket(BUCKET)
        made = stack.enter_context(clouds(cameras=cameras, not_ready_s=0.2))
        made.dashboard.picture_bytes = picture()
        mqtt = stack.enter_context(Mosquitto(folder / "broker", max_inflight=0))
        camera = stack.enter_context(rtsp_camera(films))
        yield Services(store, bucket, mqtt, camera, made)


@contextmanager
def site(
    of: Installation | None = None,
    *,
    cameras: int = 6,
    robots: int = 6,
    parts: Sequence[Sequence[str]] = PARTS,
    films: Path | None = None,
) -> Iterator[Site]:
    """Run a site of three machines for the length of the block.

    parts: the roles of each process of each machine. films: where those of cameras are.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shared = stack.enter_context(services(folder, cameras, films or folder))
        names = [f"Robot {number}" for number in range(1, robots + 1)]
        url = shared.store.url("mvsnap")
        made = Site(
            *(shared, settings(shared, names, url), of or Installation(), folder),
            *(names, parts),
        )
        stack.callback(made.stop)
        for place in range(len(parts)):
            made.add(place)
        for machine in made.machines:
            machine.wait()
        engine = database.open_database(url)
        stack.callback(engine.dispose)
        db = database.Database(engine)
        look = partial(Claims, db, holder="nobody", clock=SystemClock())
        made.claims = {kind: look(kind=kind) for kind in (CAMERAS, ZONES)}
        # From now on the broker keeps for each of them what it does not hear.
        sense, many = SenseStore(db), sum(str(part).count("sense") for part in parts)
        wait_until(
            lambda: sum(one.connected for one in sense.listeners()) == many,
            "every listener hears",
            60,
        )
        yield made


def settings(shared: Services, robots: list[str], url: str) -> dict[str, Any]:
    made = shared.clouds
    camera = {
        "url": shared.camera.url(),
        "pre_roll_s": PRE_ROLL_S,
        "post_roll_s": POST_ROLL_S,
    }
    tokens = [{"name": "robots", "token": TOKEN, "actions": ["clip", "snapshot"]}]
    rules = [
        {
            "name": name,
            "match": {"line": name},
            "cameras": [name, made.serials[number % len(made.serials)]],
        }
        for number, name in enumerate(robots)
    ]
    bucket = {"endpoint_url": shared.bucket.url, "bucket": BUCKET}
    keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    return made.settings(
        database_url=url,
        storage={"s3": bucket | keys},
        recorder={"cameras": dict.fromkeys(robots, camera), "min_free_mb": 1},
        webhooks={"tokens": tokens, "rules": rules},
        sense={
            "enabled": True,
            "port": shared.broker.port,
            "people": 3,
            "dwell_s": DWELL_S,
            "dropout_s": DROPOUT_S,
            "cooldown_s": 0,
        },
        server={"rate_per_minute": 1_000_000, "queue_size": 100_000},
    )
