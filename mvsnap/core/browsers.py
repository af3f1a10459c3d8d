"""Browsers in words. Pure."""

from __future__ import annotations

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


def browser_of(user_agent: str) -> str:
    """Return what a User-Agent means, such as "Firefox on Windows"."""
    head = user_agent[:_LONGEST]
    browser = next((name for mark, name in _BROWSERS if mark in head), "")
    system = next((name for mark, name in _SYSTEMS if mark in head), "")
    if not browser:
        return f"Unknown browser on {system}" if system else "Unknown browser"
    return f"{browser} on {system}" if system else browser
