"""The site of the documentation: builds strictly, loads nothing from outside."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.servers.visitor import visitor

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
COLOURS = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def build(folder: Path, also: str = "") -> subprocess.CompletedProcess[str]:
    """Build a copy of docs/ in the folder; `also`: more text for its first page."""
    shutil.copy(ROOT / "zensical.toml", folder)
    shutil.copytree(DOCS, folder / "docs")
    with (folder / "docs/index.md").open("a", encoding="utf-8") as first:
        first.write(also)
    words = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True)


def test_every_page_is_in_the_site(site: Path) -> None:
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).with_suffix("")
        folder = name.parent if name.name == "index" else name
        assert (site / folder / "index.html").exists(), name


def test_control_the_site_does_not_build_with_a_broken_link(tmp_path: Path) -> None:
    links = ("nothing.md", "cli.md#nothing", "../README.md")
    done = build(tmp_path, "".join(f"\n[x]({link})\n" for link in links))
    assert done.returncode != 0
    said = COLOURS.sub("", done.stdout + done.stderr)
    assert f"{len(links)} issues found" in said
    assert [link for link in links if f"[x]({link})" not in said] == []


class _Loads(HTMLParser):
    """Collects what a browser loads by itself; links for people do not count."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {"src", "srcset", "poster", "data"}
        names |= {"href"} if tag == "link" else set()
        self.found += [value or "" for name, value in attrs if name in names]


def outside(text: str) -> list[str]:
    """Return what a page or stylesheet loads from another server."""
    loads = _Loads()
    loads.feed(text)
    found = loads.found + re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')]+)", text)
    return [address for address in found if re.match(r"(https?:)?//", address)]


def test_no_page_of_the_site_names_another_server_to_load_from(site: Path) -> None:
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        assert outside(path.read_text(encoding="utf-8")) == [], path


def test_no_page_of_the_site_loads_anything_from_another_server(site: Path) -> None:
    with served(site) as url, visitor() as page:
        loaded: list[str] = []
        page.on("request", lambda request: loaded.append(request.url))
        for name in ("", "configuration/", "decisions/"):
            page.goto(f"{url}/{name}")
            page.wait_for_load_state("networkidle")
        assert [address for address in loaded if not address.startswith(url)] == []
        assert f"{url}/site.css" in loaded


@pytest.mark.parametrize(
    "text",
    [
        '<link rel="stylesheet" href="https://fonts.example/x.css">',
        '<script src="//cdn.example/x.js"></script>',
        "@import 'https://cdn.example/x.css'",
        "a { background: url(https://cdn.example/x.png) }",
    ],
)
def test_control_an_address_of_another_server_is_found(text: str) -> None:
    assert len(outside(text)) == 1
    assert outside('<a href="https://example.org">a person follows it</a>') == []


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
