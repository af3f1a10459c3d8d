"""A client that openapi-python-client generates has every operation, and works."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import pytest

from mvsnap.simulator.server import serve
from tests.runtime.secret_settings import SETTINGS
from tests.web.build import KEY, Web
from tests.web.described import described

PACKAGE = "client_of_mvsnap"
# As docs/http-api.md says: the generator knows files by this type alone.
FILES = dict.fromkeys(("image/jpeg", "video/mp4"), "application/octet-stream")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("client")
    description, config = folder / "openapi.json", folder / "config.json"
    description.write_text(json.dumps(described()))
    config.write_text(json.dumps({"content_type_overrides": FILES, "post_hooks": []}))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate"),
            *("--path", description, "--config", config, "--meta", "none"),
            *("--output-path", folder / PACKAGE, "--fail-on-warning"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module(PACKAGE)
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


def operation(name: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.api.default.{name}")


def model(name: str) -> Any:
    return getattr(importlib.import_module(f"{PACKAGE}.models"), name)


def test_it_has_every_operation(client: ModuleType) -> None:
    folder = importlib.import_module(f"{PACKAGE}.api.default").__path__
    found = [operation(module.name) for module in iter_modules(folder)]
    wanted = [one for path in described()["paths"].values() for one in path.values()]
    assert len(found) == len(wanted) > 20
    assert [one for one in found if not callable(one.sync_detailed)] == []


def test_every_variant_of_an_answer_has_a_name(client: ModuleType) -> None:
    text = json.dumps(described()["components"])
    assert '"anyOf": [{"type": "object"' not in text
    for name in ("AlarmAccepted", "AlarmIgnored", "BadgesAdded", "Observations"):
        assert name in described()["components"]["schemas"]
        assert model(name)


def test_it_calls_a_running_gateway(client: ModuleType, tmp_path: Path) -> None:
    web = Web(tmp_path, **SETTINGS)
    with (
        serve(web.app) as url,
        client.AuthenticatedClient(
            base_url=url, token=KEY, prefix="", auth_header_name="X-API-Key"
        ) as gateway,
    ):
        listed = operation("list_events").sync(client=gateway, limit=5)
        assert listed.events == []
        alarm = model("AlarmMessage").from_dict({"text": "Door 3"})
        answer = operation("receive").sync(client=gateway, body=alarm)
        assert isinstance(answer, model("AlarmAccepted"))
        body = model("MuteBody")(minutes=5)
        made = operation("mute").sync_detailed(client=gateway, body=body)
        assert made.status_code == 201
        ended = operation("unmute").sync_detailed(made.parsed.id, client=gateway)
        assert ended.status_code == 204
        wrong = operation("get_event").sync(client=gateway, event_id="nothing")
        assert wrong.error.code == "not_found"
