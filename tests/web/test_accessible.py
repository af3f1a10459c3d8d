"""Every page, light and dark, on a desktop and a phone, as axe-core judges it.

The pages are those of the application itself: one that is added later is judged, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from mvsnap.domain import Role
from mvsnap.simulator.server import serve
from tests.servers.visitor import DESKTOP, PHONE, log_in, visitor
from tests.web.build import PASSWORD, Web
from tests.web.page_build import filled

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from werkzeug.routing import Rule

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Not for people: programs, and files.
PROGRAMS = ("/api/", "/static/", "/bootstrap/", "/.well-known/", "/scanning/")
# Shown to those who have not logged in.
LOG_IN = ("/login", "/login/code")
# The same pages with nothing to show, or a mistake to tell.
ODD = (
    "/events?q=nothing+like+it",
    "/events?day=tomorrow",
    "/crowd-events?day=2020-01-01",
    "/clips?day=2020-01-01",
    "/cameras?q=nothing+like+it",
    "/badges?day=2020-01-01",
    "/visitors?days=1",
    "/wifi?from=2020-01-01&to=2020-01-02",
    "/audit?who=nobody",
)
LOOKS = [
    (size, scheme) for size in (DESKTOP, PHONE) for scheme in ("light", "dark")
]
# What folds and what a phone's menu hides is read, too.
UNFOLD = """() => {
    for (const one of document.querySelectorAll("details")) one.open = true;
    for (const one of document.querySelectorAll(".collapse")) one.classList.add("show");
}"""
JUDGE = """async tags => {
    const only = {type: "tag", values: tags};
    const found = await axe.run({runOnly: only, resultTypes: ["violations"]});
    return found.violations.flatMap(one => one.nodes.map(
        node => `${one.id}: ${node.target}: ${node.failureSummary}`));
}"""


@dataclass(frozen=True)
class Site:
    web: Web
    url: str
    examples: dict[str, str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    web, examples = filled(tmp_path_factory.mktemp("site"))
    with serve(web.app) as url:
        yield Site(web, url, examples)
    web.close()


def is_page(rule: Rule) -> bool:
    """Say whether people may be meant: a name with a dot at the end is a file's."""
    is_file = "." in rule.rule.rpartition("/")[2]
    asked = "GET" in (rule.methods or ()) and not is_file
    return asked and not rule.rule.startswith(PROGRAMS)


def addresses(site: Site) -> list[str]:
    """Return the address of every page, with an example of each of its parts."""
    known, found, missing = site.examples, [], []
    for rule in sorted(site.web.app.url_map.iter_rules(), key=str):
        if is_page(rule) and rule.arguments <= set(known):
            parts = {name: known[name] for name in rule.arguments}
            built = rule.build(parts)
            assert built is not None, rule
            found.append(built[1])
        elif is_page(rule):
            missing.append(f"{rule} needs {sorted(rule.arguments - set(known))}")
    assert missing == [], "pages without an example in tests/web/page_build.py"
    return found


def is_html(page: Page, url: str, status: int = 200) -> bool:
    """Go there; other answers, and parts of a page, are for programs."""
    answer = page.goto(url)
    assert answer is not None
    if "text/html" not in answer.headers.get("content-type", ""):
        return False
    assert answer.status == status, f"{url}: {answer.status}: does the example fit?"
    return "<html" in answer.text()


def faults(page: Page, what: str) -> list[str]:
    """Return what is wrong with the page that is shown, however it is looked at.

    It is not loaded anew for it.
    """
    page.evaluate(UNFOLD)
    page.evaluate(AXE_SCRIPT)
    found = []
    for size, scheme in LOOKS:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_selector(f"[data-bs-theme={scheme}]", state="attached")
        wrong = page.evaluate(JUDGE, WCAG)
        found += [f"{what} {size[0]} {scheme}: {one}" for one in wrong]
    return found


def test_no_page_keeps_anybody_out(site: Site) -> None:
    with visitor() as page:
        log_in(page, f"{site.url}/", Role.ADMIN, PASSWORD)
        paths = [path for path in addresses(site) if path not in LOG_IN]
        found, judged = [], 0
        for path in [*paths, *ODD]:
            if is_html(page, f"{site.url}{path}"):
                found += faults(page, path)
                judged += 1
    assert found == []
    assert judged > 30
