"""Guard: imports point one way and in no circle, each library has one home, rules are
pure, and importing starts nothing.

The order is the one of mvsnap/README.md.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mvsnap"

# A module imports from its own layer and from those before it.
LAYERS = (
    ("texts", "errors", "values", "domain", "clock", "metrics"),
    ("resources", "spelling", "redaction", "program"),
    ("rule_names",),
    ("upstreams",),
    ("loop", "signals", "sqlite_errors", "file_lock", "durable_file", "tls"),
    ("child_environment",),
    ("clip_model", "jpeg"),
    ("core", "config", "logs", "clients"),
    ("photographer", "recorder", "camera_organizations"),
    ("store", "camera_sources"),
    ("delivery", "inventory", "sense"),
    ("jobs",),
    ("status",),
    ("alerts",),
    ("web",),
    ("badges", "wifi", "visitors", "oidc", "home_assistant", "bot"),
    ("webhooks",),
    ("runtime",),
    ("serving",),
    ("cli", "__main__", "wsgi"),
)
# Neighbours in one layer that know nothing of each other.
STRANGERS = (
    {"core", "config", "logs", "clients"},
    {"photographer", "recorder"},
    {"delivery", "sense"},
    {"badges", "wifi", "visitors", "oidc", "home_assistant", "bot"},
)

ROOMS = ("badges", "wifi", "visitors", "webhooks", "oidc")
# Views: in web, in a room's own modules, and where the application is put together.
VIEWS = (
    "web",
    *(f"{room}.{module}" for room in ROOMS for module in ("api", "auth", "pages")),
    "bot.receiver",
    "badges.api_read",
    "badges.filter",
    "badges.lookup",
    "badges.page_clips",
    "badges.page_directory",
    "badges.page_list",
    "badges.page_near",
    "badges.page_report",
    "badges.page_rows",
    "badges.page_verdicts",
    "oidc.pending",
    "visitors.filter",
    "visitors.not_counting",
    "visitors.overview",
    "visitors.page_advice",
    "visitors.zone_hours",
    "visitors.zone_rows",
    "webhooks.badges",
    "webhooks.orders",
    "wifi.filter",
    "wifi.lookup",
    "wifi.overview",
    "wifi.page_advice",
    "wifi.presence_rows",
    "wifi.receiver",
    "wifi.receiver_auth",
    "runtime.ops",
    "runtime.waiting_app",
    "runtime.web_app",
)
# Queries: in the store, and in the modules of a room that stand for it there.
QUERIES = (
    "store",
    "bot.requests",
    "badges.conditions",
    "badges.directory_store",
    "badges.near_queue",
    "badges.picture_queue",
    "badges.store",
    "badges.tables",
    "jobs.waiting",
    "visitors.rows",
    "visitors.store",
    "visitors.sums",
    "visitors.tables",
    "visitors.writes",
    "wifi.batches",
    "wifi.conditions",
    "wifi.correlation",
    "wifi.counts",
    "wifi.lists",
    "wifi.longest",
    "wifi.rebuild",
    "wifi.recount",
    "wifi.reports",
    "wifi.salt",
    "wifi.spans",
    "wifi.tables",
    "wifi.visit_lock",
    "wifi.visit_sums",
    "wifi.visit_writer",
)

# They know nothing of a database but that it may not answer.
ERRORS_ALONE = (
    "cli.check",
    "cli.terminal",
    "runtime.ops",
    "runtime.web_app",
)

# Values in, values out: they may know the ground and each other.
GROUND = ("texts", "errors", "values", "domain", "clip_model", "spelling")
PURE = (
    "core",
    "clients.meraki.zones",
    "home_assistant.payloads",
    "home_assistant.topics",
    "clock.iso",  # how a moment is written
    "clock.is_to_come",  # by a clock that was wrong; the time now is given
    "badges.csv_export",
    "badges.csv_import",
    "badges.csv_order",
    "badges.csv_times",
    "badges.directory",
    "badges.json_body",
    "badges.model",
    "oidc.claims",
    "visitors.model",
    "visitors.rules",
    "webhooks.alarm",
    "webhooks.badge_paths",
    "webhooks.event",
    "webhooks.evidence",
    "webhooks.ixon",
    "webhooks.machine",
    "webhooks.measurements",
    "webhooks.meraki",
    "webhooks.parse",
    "webhooks.rule_report",
    "webhooks.rules",
    "webhooks.severity",
    "wifi.devices",
    "wifi.intake",
    "wifi.lenient",
    "wifi.mending",
    "wifi.messages",
    "wifi.model",
    "wifi.readings",
    "wifi.visits",
)

HOMES: dict[str, tuple[str, ...]] = {
    "alembic": ("store",),
    "apprise": ("clients.messengers",),
    "authlib": ("oidc.calls", "oidc.provider", "oidc.tokens"),
    "boto3": ("clients.s3",),
    "botocore": ("clients.s3",),
    "click": ("cli",),
    "croniter": ("config", "jobs.schedule"),
    "dbos": ("jobs.engine", "jobs.engine_import", "jobs.engine_rounds"),
    "ffmpeg": ("recorder",),
    "flask": (*VIEWS, "simulator"),
    "flask_bootstrap": ("web",),
    "flask_login": ("web",),
    "flask_wtf": ("web",),
    "h11": ("serving",),
    "ha_mqtt_discoverable": ("home_assistant.entities",),
    "jinja2": ("delivery",),
    "joserfc": ("oidc.provider", "oidc.tokens"),
    "markupsafe": (*VIEWS, "simulator"),
    "msgspec": (
        *(
            "core.sense_messages",
            "sense.recent_frames",
            "wifi.messages",
            "wifi.mending",
            "wifi.intake",
        ),
        # The answers of the API, as types, and the description that is made of them.
        *("web.answers", "web.bodies", "web.params", "badges.answers", "wifi.answers"),
        "webhooks",
        "visitors.answers",
        "runtime",
    ),
    "pam": ("web.accounts",),
    "paho": ("home_assistant.connection", "sense", "simulator"),
    "psycopg": ("store.postgresql",),
    "PIL": ("simulator", "store.files.pictures"),
    "prometheus_client": (
        *("metrics", "runtime.ops", "runtime.machine_metrics"),
        "runtime.store_metrics",
    ),
    "pygal": ("web.charts",),
    "pyotp": ("web.auth.second_factor",),
    # A channel brings the model of its own settings.
    "pydantic": ("config", "delivery"),
    "pydantic_core": ("config",),
    # The demo calls the gateway as a user's program would.
    "requests": (
        *("clients", "recorder", "badges.directory_client", "oidc.calls"),
        "cli.demo_triggers",
    ),
    "rich": ("cli",),
    "ruamel": ("config",),
    "segno": ("web.pages.second_factor",),
    "standardwebhooks": ("delivery.webhook",),
    "sqlalchemy": (*QUERIES, *ERRORS_ALONE),
    "uvicorn": ("serving",),
    "urllib3": ("clients", "recorder", "badges.directory_client"),
    "webexteamssdk": ("clients.webex",),
    "websockets": ("clients.webex.socket", "simulator"),
    "werkzeug": (*VIEWS, "simulator"),
    "wtforms": (*VIEWS,),
    "yaml": ("config",),
    "zxcvbn": ("web.passwords",),
}

# What values are made of is everybody's; messages are read where they come in.
OF_VALUES = ("msgspec.Struct.", "msgspec.field.", "msgspec.structs.")


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


@cache
def imports(text: str) -> tuple[Import, ...]:
    """Return every import of a module, those inside functions too."""
    nodes = [*ast.walk(ast.parse(text))]
    for_types = {
        id(inner)
        for node in nodes
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    return tuple(
        Import(name, id(node) in for_types) for node in nodes for name in names_of(node)
    )


def names_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{'.' * node.level}{node.module}.{a.name}" for a in node.names]
    if isinstance(node, ast.Call) and last_name(node.func).endswith("import_module"):
        first = node.args[0]
        return [str(first.value)] if isinstance(first, ast.Constant) else []
    return []


def last_name(called: ast.expr) -> str:
    if isinstance(called, ast.Name):
        return called.id
    return called.attr if isinstance(called, ast.Attribute) else ""


# They alone start the simulator.
DEMO = (
    "cli.demo",
    "cli.demo_phones",
    "cli.demo_triggers",
    "cli.demo_visitors",
    "cli.demo_world",
)


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
        known = ("simulator", "domain", "values", "child_environment")
        return [] if there in known else [wrong]
    if there == "simulator":
        return [] if module in DEMO else [wrong]
    if level(there) is None:  # mvsnap itself: the version
        return []
    if is_pure(f"mvsnap.{module}") and not (there in GROUND or is_pure(imported.name)):
        return [wrong]
    if is_page(imported.name.partition(".")[2]) and not (
        is_page(module) or here == "runtime"
    ):
        return [wrong]
    if here == there:
        return []
    strangers = any({here, there} <= group for group in STRANGERS)
    if strangers or (level(there) or 0) > (level(here) or 0):
        return [wrong]
    # Views submit jobs and read the store; what goes out is the worker's.
    is_view = any(f"{module}.".startswith(f"{view}.") for view in VIEWS)
    reaches_out = there in ("clients", "photographer", "delivery")
    if is_view and here != "runtime" and reaches_out and not is_pure(imported.name):
        return [wrong]
    return []


def is_page(module: str) -> bool:
    """Say whether it is for people alone; what programs need, too, is not in it."""
    _folder, _, rest = module.partition(".")
    return rest.partition(".")[0] == "pages" or rest.startswith("page_")


def is_pure(name: str) -> bool:
    """Say whether `name` is, or is in, a module without I/O, clock and logging."""
    return any(f"{name}.".startswith(f"mvsnap.{pure}.") for pure in PURE)


def level(layer: str) -> int | None:
    return next((n for n, group in enumerate(LAYERS) if layer in group), None)


def away_from_home(module: str, imported: Import) -> list[str]:
    if imported.top in sys.stdlib_module_names:
        return []
    if f"{imported.name}.".startswith(OF_VALUES):
        return []
    homes = HOMES.get(imported.top, ())
    if any(f"{module}.".startswith(f"{home}.") for home in homes):
        only_errors = imported.top == "sqlalchemy" and module in ERRORS_ALONE
        if not only_errors or imported.name == "sqlalchemy.exc.SQLAlchemyError":
            return []
    return [f"{module} imports {imported.name}"]


def modules() -> list[tuple[str, Path]]:
    found = [("wsgi", ROOT / "wsgi.py")]
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found.append((".".join(p for p in parts if p != "__init__"), path))
    return found


def test_modules_import_from_their_left_and_libraries_at_home() -> None:
    """One test: as 850 of their own they took longer to begin than to look."""
    wrong = {
        module: found
        for module, path in modules()
        if (found := broken_rules(module, path.read_text(encoding="utf-8")))
    }
    assert wrong == {}


def test_every_part_of_the_package_has_its_place_in_the_order() -> None:
    known = {name for layer in LAYERS for name in layer} | {"simulator", ""}
    assert {module.partition(".")[0] for module, _ in modules()} == known


@pytest.mark.parametrize(
    ("module", "line"),
    [
        pytest.param("domain", "from mvsnap.core import params", id="to the right"),
        pytest.param("core.x", "import mvsnap.store.events", id="rules read the store"),
        pytest.param(
            "core.x", "from mvsnap.config import load", id="rules know config"
        ),
        pytest.param("core.x", "from mvsnap.clock import Clock", id="rules and time"),
        pytest.param(
            "wifi.visits", "from mvsnap.wifi.batches import A", id="a pure room module"
        ),
        pytest.param("clients.x", "from mvsnap.store.events import A", id="outside"),
        pytest.param("recorder.x", "from mvsnap import photographer", id="strangers"),
        pytest.param("delivery", "from mvsnap.sense.rules import A", id="and sense"),
        pytest.param("web.x", "from mvsnap.clients.webex import A", id="web and Webex"),
        pytest.param("web.x", "from mvsnap import photographer", id="web and pictures"),
        pytest.param("web.x", "from mvsnap.delivery import A", id="web and delivery"),
        pytest.param("web.x", "from mvsnap.badges.store import A", id="web and a room"),
        pytest.param("web.x", "from mvsnap.runtime import A", id="web and runtime"),
        pytest.param("badges.x", "from mvsnap.wifi.batches import A", id="two rooms"),
        pytest.param(
            "badges.pages", "from mvsnap.clients.meraki import dashboard", id="a page"
        ),
        pytest.param(
            "badges.api", "from mvsnap.badges.page_near import A", id="API and page"
        ),
        pytest.param(
            "wifi.lookup", "from mvsnap.web.pages.live_list import A", id="by the way"
        ),
        pytest.param("badges.x", "from mvsnap.webhooks.api import A", id="webhooks"),
        pytest.param("jobs.x", "from mvsnap.web.api import A", id="jobs and web"),
        pytest.param("runtime", "from mvsnap.cli import main", id="runtime and cli"),
        pytest.param("runtime", "import mvsnap.simulator.meraki", id="simulator"),
        pytest.param("simulator.x", "from mvsnap.clock import A", id="simulator knows"),
        pytest.param("simulator.x", "from mvsnap.clients import A", id="and clients"),
        pytest.param("web.x", "from . import auth", id="a relative import"),
        pytest.param("jobs.x", "def f():\n    from flask import g", id="in a function"),
        pytest.param("jobs.x", "import msgspec.json", id="msgspec"),
        pytest.param("web.answers2", "import msgspec", id="a name that only begins so"),
        pytest.param("photographer", "import requests", id="requests"),
        pytest.param("cli.check", "import requests", id="requests in a command"),
        pytest.param(
            "delivery", "import_module('webexteamssdk')", id="the SDK by its name"
        ),
        pytest.param("clients.meraki.x", "import webexteamssdk", id="the SDK"),
        pytest.param("badges.pages", "import sqlalchemy", id="SQL in a view"),
        pytest.param("runtime.ops", "from sqlalchemy import text", id="SQL in ops"),
        pytest.param("cli.check", "import sqlalchemy.exc", id="more than the error"),
        pytest.param("jobs.runner", "from dbos import DBOS", id="dbos"),
        pytest.param("cli.setup", "import yaml", id="yaml"),
        pytest.param("cli.setup", "from ruamel.yaml import YAML", id="ruamel"),
        pytest.param("web.pages", "import jinja2", id="jinja2"),
        pytest.param("web.passwords", "import pam", id="PAM"),
        pytest.param("clients.meraki.x", "import boto3", id="boto3"),
        pytest.param("clients.meraki.jpeg", "from PIL import Image", id="PIL"),
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
        pytest.param("runtime.ops", "from mvsnap import __version__", id="version"),
        pytest.param(
            "runtime.ops", "from sqlalchemy.exc import SQLAlchemyError", id="exc"
        ),
        pytest.param(
            "visitors.pages",
            "from mvsnap.clients.meraki.zones import ZoneKind",
            id="words of a cloud",
        ),
        pytest.param(
            "runtime", "if TYPE_CHECKING:\n    from flask import Flask", id="a type"
        ),
        pytest.param("web.x", "from mvsnap.store.paging import pages", id="no page"),
        pytest.param("cli.x", "from mvsnap.config.load import load", id="to the left"),
        pytest.param("core.x", "from msgspec import Struct, field", id="a value"),
    ],
)
def test_control_what_is_allowed_is_not_found(module: str, text: str) -> None:
    assert broken_rules(module, text) == []


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return groups of modules that import each other, by Tarjan's way through them."""
    found: list[list[str]] = []
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        path.append(module)
        for other in graph[module] & graph.keys():
            if other not in number:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in path:
                lowest[module] = min(lowest[module], number[other])
        if lowest[module] == number[module]:
            at = path.index(module)
            if len(path) - at > 1:
                found.append(sorted(path[at:]))
            del path[at:]

    for module in graph:
        if module not in number:
            visit(module)
    return found


def test_no_modules_import_each_other() -> None:
    texts = {f"mvsnap.{m}": path.read_text("utf-8") for m, path in modules()}
    graph = {module: modules_in(text, texts) for module, text in texts.items()}
    assert circles(graph) == []


def modules_in(text: str, known: Container[str]) -> set[str]:
    """Return the known modules that this text imports, those for types alone too."""
    return {
        imported.name if imported.name in known else imported.name.rpartition(".")[0]
        for imported in imports(text)
    }


def test_control_a_circle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}
    assert circles(graph) == [["b", "c"]]


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


def readme(heading: str) -> str:
    """Return the section of mvsnap/README.md below this heading."""
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    return text.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def test_the_readme_has_the_same_order() -> None:
    order = readme("Which way imports point").partition("A module imports")[0]
    named = [re.findall(r"\w+", step.partition("`")[2]) for step in order.split("<-")]
    assert [set(step) for step in named] == [set(layer) for layer in LAYERS]


def test_the_readme_says_what_everything_is_for() -> None:
    table = set(re.findall(r"\w+", readme("Where things are")))
    known = {name for layer in LAYERS for name in layer} - {"__main__", "wsgi"}
    assert known - table == set()
