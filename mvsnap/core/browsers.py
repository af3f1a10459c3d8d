"""Browsers in words. Pure."""

from __future__ import annotations

from mvsnap.texts import N_, _

# More of it says nothing more, and comes from outside.
_LONGEST = 512
# The first that is found: others claim to be Chrome, which claims to be Safari.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrom", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)

_UNKNOWN = N_("Unknown browser")
_ON = " on "


def browser_words(stored: str) -> str:
    """Return what `browser_of` found, in the site's language."""
    browser, on, system = stored.partition(_ON)
    if not on:
        return _(browser)
    values = {"browser": _(browser), "system": system}
    return _("%(browser)s on %(system)s") % values


def browser_of(user_agent: str) -> str:
    """Return what a User-Agent means, such as "Firefox on Windows"."""
    head = user_agent[:_LONGEST]
    browser = next((name for mark, name in _BROWSERS if mark in head), "")
    system = next((name for mark, name in _SYSTEMS if mark in head), "")
    if not browser:
        browser = _UNKNOWN
    return f"{browser}{_ON}{system}" if system else browser
