"""What holds for every page: anybody can use it, and its times are the site's.

axe-core judges each light and dark, on a desktop and a phone. The pages are those of
the application itself: one that is added later is judged, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import pyotp
import pytest
from axe_playwright_python.base import AXE_SCRIPT

from mvsnap import texts
from mvsnap.core import signed_links
from mvsnap.domain import Role
from mvsnap.simulator.server import serve
from tests.servers.visitor import DESKTOP, PHONE, fits, log_in, visitor
from tests.web.build import PASSWORD, Web, send
from tests.web.build import log_in as fill_in
from tests.web.page_build import filled

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from werkzeug.routing import Rule

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Not for people: programs, and files.
PROGRAMS = (
    *("/api/", "/static/", "/bootstrap/", "/.well-known/", "/scanning/"),
    "/settings/channels/test",  # a script of the page asks it
)
# Shown to those who have not logged in.
LOG_IN = ("/login", "/login/code")
EMPTY = (
    "/events?text=nothing+like+it",
    "/crowd-events?day=2020-01-01",
    "/clips?day=2020-01-01",
    "/cameras?q=nothing+like+it",
    "/badges?day=2020-01-01",
    "/visitors?days=1",
    "/wifi?from=2020-01-01&to=2020-01-02",
)
# Drawn from the models of the settings.
FORMS = (
    "/settings/entries/channels/add?kind=webhook",
    "/settings/entries/webhook-rules/add",
    "/settings/entries/recording-cameras/add",
)
MISTAKEN = ("/events?day=tomorrow", "/wifi?from=tomorrow", "/badges?day=tomorrow")
LOOKS: tuple[tuple[tuple[int, int], Literal["light", "dark"]], ...] = (
    (DESKTOP, "light"),
    (DESKTOP, "dark"),
    (PHONE, "dark"),
    (PHONE, "light"),
)
# No part sticks out there, either: the smallest phone, and a large screen.
WIDTHS = (320, 1920)
# What folds and what a phone's menu hides is read, too; but not what covers a page.
UNFOLD = """() => {
    for (const one of document.querySelectorAll("main details")) one.open = true;
    for (const one of document.querySelectorAll(".collapse")) one.classList.add("show");
}"""
# In the dark only colours are others.
RULES: dict[str, dict[str, str | list[str]]] = {
    "light": {"type": "tag", "values": WCAG},
    "dark": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
JUDGE = """async ([part, rules]) => {
    const found = await axe.run(part, {runOnly: rules, resultTypes: ["violations"]});
    return found.violations.flatMap(one => one.nodes.map(
        node => `${one.id}: ${node.target}: ${node.failureSummary}`));
}"""

# A field or a box whose edge nobody sees (WCAG 1.4.11; axe judges letters alone).
PALE = """part => {
    const light = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(one => {
            const c = one / 255;
            return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = one => {
        const colour = getComputedStyle(one).backgroundColor;
        const none = colour.startsWith("rgba") && colour.endsWith(" 0)");
        return none && one.parentElement ? behind(one.parentElement) : light(colour);
    };
    const kinds = ".form-control, .form-select, .form-check-input";
    const shown = one => one.offsetParent && !one.matches(":focus, :disabled");
    return [...document.querySelector(part).querySelectorAll(kinds)].filter(shown)
        .filter(one => !one.matches(":checked")).map(one => {
            const edge = light(getComputedStyle(one).borderTopColor);
            const around = behind(one.parentElement);
            const [dark, bright] = [edge, around].sort((a, b) => a - b);
            return [one.name || one.id, (bright + 0.05) / (dark + 0.05)];
        }).filter(([, ratio]) => ratio < 3)
        .map(([name, ratio]) => `edge of ${name}: ${ratio.toFixed(1)} : 1`);
}"""

# Times of programs, and of another zone.
FOREIGN = re.compile(r".{0,30}(?:\d-\d\dT\d\d:|\bUTC\b|\+00:00).{0,20}")


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


def words(html: str) -> str:
    """Return what a person reads."""
    html = re.sub(r"<(script|style|svg|pre).*?</\1>", " ", html, flags=re.S)
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def is_page(rule: Rule) -> bool:
    """Say whether people may be meant: a name with a dot at the end is a file's."""
    is_file = "." in rule.rule.rpartition("/")[2]
    asked = "GET" in (rule.methods or ()) and not is_file
    return asked and not rule.rule.startswith(PROGRAMS)


def address(site: Site, rule: Rule) -> str:
    built = rule.build({name: site.examples[name] for name in rule.arguments})
    assert built is not None, rule
    if not built[1].startswith("/evidence/"):
        return built[1]
    event_id, what = built[1].split("/")[2:]
    until = site.web.clock.now() + timedelta(hours=1)
    return signed_links.link("", site.web.users.link_key(), event_id, what, until)


def addresses(site: Site) -> list[str]:
    """Return the address of every page, with an example of each of its parts."""
    known, found, missing = site.examples, [], []
    for rule in sorted(site.web.app.url_map.iter_rules(), key=str):
        if is_page(rule) and rule.arguments <= set(known):
            found.append(address(site, rule))
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


def faults(page: Page, what: str, part: str = "html") -> list[str]:
    """Return what is wrong with the page that is shown, however it is looked at.

    It is not loaded anew for it.
    """
    page.evaluate(UNFOLD)
    page.evaluate(AXE_SCRIPT)
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if not fits(page):
            found.append(f"{what} {width}: wider than its window")
    for size, scheme in LOOKS:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_selector(f"[data-bs-theme={scheme}]", state="attached")
        wrong = page.evaluate(JUDGE, [part, RULES[scheme]])
        wrong += page.evaluate(PALE, part)
        found += [f"{what} {size[0]} {scheme}: {one}" for one in wrong]
    return found


def faults_at(page: Page, site: Site, *paths: str, status: int = 200) -> list[str]:
    found = []
    for path in paths:
        if is_html(page, f"{site.url}{path}", status):
            found += faults(page, path)
    return found


def test_a_fault_is_found() -> None:
    with visitor() as page:
        page.set_content("<html lang=en><title>A</title><img src='data:,'></html>")
        page.evaluate(AXE_SCRIPT)
        (found,) = page.evaluate(JUDGE, ["html", RULES["light"]])
        assert found.startswith("image-alt: img: ")
        field = "<input class=form-control name=a style='border: 1px solid"
        page.set_content(
            f"<body style='background: #fff'>{field} #dee2e6'>{field} #868e96'></body>"
        )
        assert page.evaluate(PALE, "html") == ["edge of a: 1.3 : 1"]


def test_every_page(site: Site) -> None:
    with visitor() as page:
        log_in(page, f"{site.url}/", Role.ADMIN, PASSWORD)
        inside = [path for path in addresses(site) if path not in LOG_IN]
        assert faults_at(page, site, *inside, *FORMS) == []


def test_no_page_is_wider_than_the_smallest_phone_in_german(site: Site) -> None:
    wide = []
    with visitor((WIDTHS[0], 800)) as page:
        log_in(page, f"{site.url}/", Role.ADMIN, PASSWORD)
        texts.use("de")
        try:
            for path in [path for path in addresses(site) if path not in LOG_IN]:
                if is_html(page, f"{site.url}{path}"):
                    page.evaluate(UNFOLD)
                    wide += [] if fits(page) else [path]
        finally:
            texts.use("en")
    assert wide == []


def test_times_are_of_the_sites_zone_which_is_named_once(site: Site) -> None:
    client = site.web.browser()
    fill_in(client, Role.ADMIN)
    # The audit log has times in its words, too.
    kept = send(client, f"/clips/{site.examples['clip_id']}/keep", kept="yes")
    assert kept.status_code == 303
    wrong = []
    for path in set(addresses(site)) - set(LOG_IN):
        answer = client.get(path, follow_redirects=True)
        if answer.mimetype == "text/html" and "<html" in answer.text:
            text = words(answer.text)
            wrong += [f"{path}: {found}" for found in FOREIGN.findall(text)]
            if text.count("Europe/Berlin") != 1:
                wrong.append(f"{path}: names {text.count('Europe/Berlin')} zones")
    assert wrong == []


def test_nothing_to_show_and_mistakes(site: Site) -> None:
    with visitor() as page:
        log_in(page, f"{site.url}/", Role.VIEWER, PASSWORD)
        found = faults_at(page, site, *EMPTY)
        found += faults_at(page, site, *MISTAKEN, status=400)
        found += faults_at(page, site, "/settings", status=403)
        found += faults_at(page, site, "/nothing-here", status=404)
        assert found == []


def test_what_a_form_answers(site: Site) -> None:
    with visitor() as page:
        page.on("dialog", lambda dialog: dialog.accept())
        log_in(page, f"{site.url}/settings/people", Role.ADMIN, PASSWORD)
        page.get_by_role("button", name="New password for reviewer").click()
        page.get_by_role("heading", name="Password of reviewer").wait_for()
        found = faults(page, "new password")
        page.goto(f"{site.url}/settings/keys")
        page.get_by_label("Name", exact=True).fill("Line 4")
        page.get_by_role("button", name="Make").click()
        page.get_by_role("button", name="Copy: API key").wait_for()
        found += faults(page, "new key")
        page.goto(f"{site.url}/events")
        page.locator("a[data-enlarge]").first.click()
        page.get_by_role("dialog").wait_for()
        found += faults(page, "large picture")
        page.keyboard.press("Escape")
        unfold = "all => all.forEach(one => one.open = true)"
        page.locator("header details").evaluate_all(unfold)
        assert found + faults(page, "menu", "header") == []


def test_log_in_and_a_second_factor(site: Site) -> None:
    with visitor() as page:
        found = faults_at(page, site, "/login")
        page.get_by_label("Name").fill("nobody")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("alert").wait_for()
        found += faults(page, "wrong password")
        log_in(page, f"{site.url}/account/second-factor", Role.VIEWER, PASSWORD)
        page.get_by_label("Your password").fill(PASSWORD)
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("img", name="QR code for the app").wait_for()
        found += faults(page, "QR code")
        secret = page.locator("code.user-select-all").inner_text().replace(" ", "")
        page.get_by_label("Code").fill(pyotp.TOTP(secret).now())
        page.get_by_role("button", name="Confirm").click()
        page.get_by_role("heading", name="Recovery codes").wait_for()
        found += faults(page, "recovery codes")
        page.context.clear_cookies()
        page.goto(f"{site.url}/login")
        page.get_by_label("Name").fill(Role.VIEWER)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", name="Enter your code").wait_for()
        assert found + faults(page, "code") == []
