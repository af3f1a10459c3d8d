"""`make sbom` and `make audit`: what is in the program, and what is known about it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mvsnap.simulator.ports import free_port
from tests.service.test_lock import LOCKED

ROOT = Path(__file__).parents[2]
FLAW = {
    "id": "PYSEC-2099-1",
    "affected": [
        {
            "package": {"name": "flask", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "99.0"}]}],
        }
    ],
}


class Database(BaseHTTPRequestHandler):
    """Speaks OSV's protocol; knows of flaws in one library."""

    protocol_version = "HTTP/1.1"
    library = ""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_bad = asked["package"]["name"] == self.library
        body = json.dumps({"vulns": [FLAW]} if is_bad else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def database(library: str = "") -> Iterator[int]:
    handler = type("Knowing", (Database,), {"library": library})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def script() -> ModuleType:
    """Return .ci/audit.py, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci/audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def audit(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Callable[[int], tuple[int, list[str]]]:
    """Audits a short lock file with the real pip-audit."""
    for name in [name for name in os.environ if "proxy" in name.lower()]:
        monkeypatch.delenv(name)
    module = script()
    monkeypatch.setattr(module, "LOCK", tmp_path / "requirements.lock")
    (tmp_path / "requirements.lock").write_text(
        "flask==3.1.1\n    # via mvsnap\nsix==1.17.0 ; sys_platform == 'win32'\n"
        "six==1.16.0 ; sys_platform != 'win32'\n"
    )

    def ask(port: int) -> tuple[int, list[str]]:
        url = f"http://127.0.0.1:{port}/v1/query"
        code: int = module.main(["-s", "osv", "--osv-url", url])
        return code, capsys.readouterr().out.splitlines()

    return ask


Audit = Callable[[int], tuple[int, list[str]]]


def test_every_locked_library_is_looked_up_for_every_machine() -> None:
    lists = script().pins()
    assert sorted(pin for part in lists for pin in part) == sorted(
        f"{pin.name}{pin.specifier}" for pin in LOCKED
    )


def test_no_known_vulnerability(audit: Audit) -> None:
    with database() as port:
        assert audit(port) == (0, ["0 known vulnerabilities in 3 libraries"])


def test_a_known_one_is_named_with_what_to_take(audit: Audit) -> None:
    with database("flask") as port:
        code, said = audit(port)
    assert said == [
        "flask 3.1.1: PYSEC-2099-1, fixed in 99.0",
        "1 known vulnerabilities in 3 libraries",
    ]
    assert code == 1


def test_a_database_that_cannot_be_reached_is_no_good_news(audit: Audit) -> None:
    code, (said,) = audit(free_port())
    assert said.startswith("NOT CHECKED: the database could not be asked: ")
    assert "Connection refused" in said
    assert code == 3


def test_libraries_that_the_database_does_not_have_are_no_good_news(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """PyPI's answer to a mirror that has no such data: pip-audit ends with 0."""
    module = script()
    known = {"name": "flask", "version": "3.1.1", "vulns": []}
    unknown = {"name": "six", "skip_reason": "not found"}
    monkeypatch.setattr(module, "pins", lambda: [["flask==3.1.1", "six==1.17.0"]])
    monkeypatch.setattr(module, "ask", lambda *_: [known, unknown])
    assert module.main([]) == 3
    assert capsys.readouterr().out.splitlines() == [
        "NOT CHECKED: 1 of 2 libraries, which the database does not have",
        "0 known vulnerabilities in 1 libraries",
    ]


def test_the_sbom_names_every_locked_library(tmp_path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    (recipe,) = re.findall(
        r"\$\(BIN\)/python (-W ignore -m cyclonedx_py .*\n.*)", makefile
    )
    file = tmp_path / "sbom.json"
    args = recipe.replace("\\\n", " ").replace("$(ARGS)", "")
    args = args.replace("build/sbom.json", str(file))
    # To validate what the library has made takes it seconds.
    command = [sys.executable, *args.split(), "--no-validate"]
    subprocess.run(command, cwd=ROOT, stderr=subprocess.DEVNULL, check=True)
    made: dict[str, Any] = json.loads(file.read_text())
    assert made["bomFormat"] == "CycloneDX"
    assert made["metadata"]["component"]["name"] == "mvsnap"
    found = {(one["name"], one["version"]) for one in made["components"]}
    assert found == {(pin.name, next(iter(pin.specifier)).version) for pin in LOCKED}
