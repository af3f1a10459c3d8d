"""Guard: imports point one way, each library has one home, importing starts nothing.

The order is the one of mvsnap/README.md.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mvsnap"

# A module imports from its own layer and from those before it.
LAYERS = (
    ("errors", "domain", "footage", "clock", "metrics", "resources"),
    ("core", "config", "logs"),
    ("store", "clients", "recorder"),
    ("actions", "delivery", "filming", "inventory", "visitors"),
    ("jobs",),
    ("web", "sense"),
    ("runtime", "serving"),
    ("cli", "__main__", "wsgi"),
)
# Neighbours in one layer that know nothing of each other.
STRANGERS = (
    {"core", "config", "logs"},
    {"store", "clients", "recorder"},
    {"actions", "delivery"},
    {"web", "sense"},
)

HOMES: dict[str, tuple[str, ...]] = {
    "alembic": ("store",),
    "boto3": ("clients.s3",),
    "botocore": ("clients.s3",),
    "click": ("cli",),
    "croniter": ("config",),
    "dbos": ("jobs.engine",),
    "ffmpeg": ("recorder",),
    "flask": ("web", "simulator"),
    "flask_bootstrap": ("web",),
    "flask_login": ("web",),
    "flask_wtf": ("web",),
    "jinja2": ("delivery",),
    "limits": ("web.auth",),
    "markupsafe": ("simulator", "web"),
    "msgspec": ("core.sense_messages", "core.scanning", "core.scanning_messages"),
    "pam": ("web.accounts",),
    "paho": ("sense", "simulator"),
    "PIL": ("simulator", "store.pictures"),
    "prometheus_client": ("metrics", "web.ops"),
    "pygal": ("web.charts",),
    "pydantic": ("config",),
    "pydantic_core": ("config",),
    # The demo calls the gateway as a user's program would.
    "requests": ("clients", "recorder", "cli.demo"),
    "rich": ("cli",),
    "ruamel": ("config",),
    # Those beside the store know nothing but that a database may not answer.
    "sqlalchemy": (
        "store",
        "inventory",
        "jobs.copies",
        "jobs.desk",
        "visitors",
        "sense.listener",
        "sense.outbox",
        "web.app",
        "web.ops",
        "cli.check",
        "cli.terminal",
    ),
    "urllib3": ("clients", "recorder"),
    "waitress": ("serving",),
    "webexteamssdk": ("clients.webex",),
    "werkzeug": ("web", "simulator"),
    "wtforms": ("web",),
    "yaml": ("config",),
}


@dataclass(frozen=True)
class Import:
    """What a module imports, dotted; `only_type`: seen by mypy alone."""

    name: str
    only_type: bool

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]

    @property
    def layer(self) -> str:
        """The first part below mvsnap."""
        return (self.name.split(".") + [""])[1]


def imports(text: str) -> Iterator[Import]:
    """Yield every import of a module, those inside functions too."""
    tree = ast.parse(text)
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        for name in names_of(node):
            yield Import(name, id(node) in for_types)


def names_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{'.' * node.level}{node.module}.{a.name}" for a in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        first = node.args[0]
        return [str(first.value)] if isinstance(first, ast.Constant) else []
    return []


# They alone start the simulator.
DEMO = ("cli.demo", "cli.demo_phones", "cli.demo_world")


def broken_rules(module: str, text: str) -> list[str]:
    """Return a sentence for each rule that `module` (dotted, below mvsnap) breaks."""
    found = []
    for imported in imports(text):
        if imported.top == "mvsnap":
            found += against_the_order(module, imported)
        elif imported.name.startswith("."):
            found.append(f"{module} imports {imported.name} without its whole name")
        elif not imported.only_type:
            found += away_from_home(module, imported)
    return found


def against_the_order(module: str, imported: Import) -> list[str]:
    here, there = module.partition(".")[0], imported.layer
    wrong = f"{module} imports {imported.name}"
    if here == "simulator":
        return [] if there in ("simulator", "domain") else [wrong]
    if there == "simulator":
        return [] if module in DEMO else [wrong]
    if here == there or level(there) is None:  # mvsnap itself: the version
        return []
    strangers = any({here, there} <= group for group in STRANGERS)
    if strangers or (level(there) or 0) > (level(here) or 0):
        return [wrong]
    if here == "web" and there in ("clients", "actions", "delivery"):
        return [wrong]
    return []


def level(layer: str) -> int | None:
    return next((n for n, group in enumerate(LAYERS) if layer in group), None)


def away_from_home(module: str, imported: Import) -> list[str]:
    if imported.top in sys.stdlib_module_names:
        return []
    homes = HOMES.get(imported.top, ())
    if any(f"{module}.".startswith(f"{home}.") for home in homes):
        only_errors = module in ("web.ops", "cli.check") and imported.top.startswith(
            "sqlalchemy"
        )
        if not only_errors or imported.name == "sqlalchemy.exc.SQLAlchemyError":
            return []
    return [f"{module} imports {imported.name}"]


def modules() -> list[tuple[str, Path]]:
    found = [("wsgi", ROOT / "wsgi.py")]
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found.append((".".join(p for p in parts if p != "__init__"), path))
    return found


@pytest.mark.parametrize(
    ("module", "path"), [pytest.param(m, p, id=m or "mvsnap") for m, p in modules()]
)
def test_a_module_imports_from_its_left_and_libraries_at_home(
    module: str, path: Path
) -> None:
    assert broken_rules(module, path.read_text(encoding="utf-8")) == []


def test_every_part_of_the_package_has_its_place_in_the_order() -> None:
    known = {name for layer in LAYERS for name in layer} | {"simulator", ""}
    assert {module.partition(".")[0] for module, _ in modules()} == known


@pytest.mark.parametrize(
    ("module", "line"),
    [
        pytest.param("domain", "from mvsnap.core import wishes", id="to the right"),
        pytest.param("core.x", "import mvsnap.store.store", id="rules read the store"),
        pytest.param(
            "core.x", "from mvsnap.config import load", id="rules know config"
        ),
        pytest.param("store.x", "from mvsnap.clients.meraki import A", id="strangers"),
        pytest.param("actions", "from mvsnap.delivery import A", id="steps know steps"),
        pytest.param("web.x", "from mvsnap.clients.webex import A", id="web and Webex"),
        pytest.param("web.x", "from mvsnap import actions", id="web and actions"),
        pytest.param("web.x", "from mvsnap.delivery import A", id="web and delivery"),
        pytest.param("web.x", "from mvsnap.runtime import A", id="web and runtime"),
        pytest.param("jobs.x", "from mvsnap.web.app import A", id="jobs and web"),
        pytest.param("runtime", "from mvsnap.cli import main", id="runtime and cli"),
        pytest.param("runtime", "import mvsnap.simulator.dashboard", id="simulator"),
        pytest.param("simulator.x", "from mvsnap.clock import A", id="simulator knows"),
        pytest.param("simulator.x", "from mvsnap.clients import A", id="and clients"),
        pytest.param("web.x", "from . import auth", id="a relative import"),
        pytest.param("jobs.x", "def f():\n    from flask import g", id="in a function"),
        pytest.param("jobs.x", "import limits.storage", id="limits"),
        pytest.param("web.auth2", "import limits", id="a name that only begins so"),
        pytest.param("actions", "import requests", id="requests"),
        pytest.param("cli.check", "import requests", id="requests in a command"),
        pytest.param(
            "delivery", "import_module('webexteamssdk')", id="the SDK by its name"
        ),
        pytest.param("clients.meraki", "import webexteamssdk", id="the SDK"),
        pytest.param("web.ops", "from sqlalchemy import text", id="SQL in a view"),
        pytest.param("cli.check", "import sqlalchemy.exc", id="more than the error"),
        pytest.param("jobs.runner", "from dbos import DBOS", id="dbos"),
        pytest.param("cli.setup", "import yaml", id="yaml"),
        pytest.param("cli.setup", "from ruamel.yaml import YAML", id="ruamel"),
        pytest.param("web.pages", "import jinja2", id="jinja2"),
        pytest.param("web.passwords", "import pam", id="PAM"),
        pytest.param("clients.meraki", "import boto3", id="boto3"),
        pytest.param("clients.jpeg", "from PIL import Image", id="PIL"),
        pytest.param("web.x", "from pydantic import BaseModel", id="pydantic"),
        pytest.param("core.x", "import celery", id="a library without a home"),
    ],
)
def test_control_a_broken_rule_is_found(module: str, line: str) -> None:
    assert len(broken_rules(module, line)) == 1


@pytest.mark.parametrize(
    ("module", "text"),
    [
        pytest.param("cli.demo", "from mvsnap.simulator.server import A", id="demo"),
        pytest.param("web.ops", "from mvsnap import __version__", id="the version"),
        pytest.param("web.ops", "from sqlalchemy.exc import SQLAlchemyError", id="exc"),
        pytest.param(
            "runtime", "if TYPE_CHECKING:\n    from flask import Flask", id="a type"
        ),
        pytest.param("cli.x", "from mvsnap.config.load import load", id="to the left"),
    ],
)
def test_control_what_is_allowed_is_not_found(module: str, text: str) -> None:
    assert broken_rules(module, text) == []


IMPORT_ALL = """
import importlib, os, pkgutil, sys, threading
open_before = set(os.listdir("/proc/self/fd"))
import mvsnap
for found in pkgutil.walk_packages(mvsnap.__path__, "mvsnap."):
    # Alembic runs env.py as a script, inside an upgrade.
    if found.name != "mvsnap.store.migrations.env":
        importlib.import_module(found.name)
left_open = [os.readlink(f"/proc/self/fd/{n}") for n in
             set(os.listdir("/proc/self/fd")) - open_before if
             os.path.exists(f"/proc/self/fd/{n}")]
assert threading.active_count() == 1, threading.enumerate()
assert left_open == [], left_open
print(len([name for name in sys.modules if name.startswith("mvsnap.")]))
"""


def test_importing_every_module_starts_no_thread_and_opens_nothing(
    tmp_path: Path,
) -> None:
    done = python(IMPORT_ALL, tmp_path)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50
    assert list(tmp_path.iterdir()) == []


def test_help_loads_none_of_the_slow_libraries(tmp_path: Path) -> None:
    slow = "{'sqlalchemy', 'dbos', 'flask', 'requests', 'pydantic', 'webexteamssdk'}"
    script = (
        "import sys; from mvsnap.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        f"assert not {slow} & set(sys.modules)"
    )
    done = python(script, tmp_path)
    assert done.returncode == 0, done.stderr


def python(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
