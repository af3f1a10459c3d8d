"""A gateway whose bot takes no commands has nothing of it in memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_OF_ANSWERS = (
    "mvsnap.bot",
    "mvsnap.clients.webex.inbox",
    "mvsnap.core.camera_names",
    "mvsnap.core.commands",
    "mvsnap.core.presses",
    "mvsnap.delivery.buttons",
    "mvsnap.delivery.cards",
    "mvsnap.runtime.bot",
    "websockets",
)
_PROGRAM = """
import json, os, sys, threading
from mvsnap.config.model import Settings
from mvsnap.runtime import Roles, Service
service = Service(Settings.model_validate_json(sys.argv[1]), Roles(sense=False))
service.start()
service.app()
print(json.dumps([[*sys.modules], [t.name for t in threading.enumerate()]]), flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("is_on", [False, True])
def test_it_is_imported_and_runs_only_where_it_is_on(
    tmp_path: Path, is_on: bool
) -> None:
    nowhere = "http://127.0.0.1:9"
    settings: dict[str, Any] = {
        "data_dir": str(tmp_path),
        "site": {"public_url": nowhere},
        "webex": {"bot_token": "a-bot-token", "base_url": nowhere},
    }
    if is_on:
        settings["webex"]["commands"] = {"people": ["guard@example.com"]}
    said = subprocess.run(
        [sys.executable, "-c", _PROGRAM, json.dumps(settings)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    modules, threads = json.loads(said.stdout.splitlines()[-1])
    loaded = [name for name in modules if name.startswith(_OF_ANSWERS)]
    assert bool(loaded) is is_on, loaded
    assert ("answers" in threads) is is_on
    # With webhooks, nothing listens.
    assert not [name for name in modules if name.startswith("websockets")]
