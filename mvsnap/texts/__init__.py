"""Texts in the site's language: GNU gettext, with the catalogues of this folder.

A site has one language, so a process has one, like its time zone: `use` sets it at the
start. Texts are written in English where they are used; `make texts` finds those that
are marked by the functions here, and compiles the catalogues.
"""

from __future__ import annotations

from gettext import NullTranslations, translation
from pathlib import Path
from typing import Any

CATALOGUES = Path(__file__).parent
DOMAIN = "mvsnap"
# English is in the code.
LOCALES = ("en", "de")

_ENGLISH = NullTranslations()


class _Language:
    """locale: its code, as in `site.locale`."""

    def __init__(self) -> None:
        self.locale = "en"
        self.catalogue = _ENGLISH


_current = _Language()


def use(locale: str) -> None:
    """Say everything in this language from now on; one of LOCALES."""
    if locale == _current.locale:
        return
    found = _ENGLISH
    if locale != "en":
        found = translation(DOMAIN, CATALOGUES, [locale])
    _current.locale, _current.catalogue = locale, found


def locale() -> str:
    return _current.locale


def gettext(text: str) -> str:
    """Return the text in the site's language; values go into what is returned."""
    # The empty text is the catalogue's own description.
    return _current.catalogue.gettext(text) if text else ""


def ngettext(one: str, many: str, number: int) -> str:
    return _current.catalogue.ngettext(one, many, number)


def pgettext(about: str, text: str) -> str:
    """about: sets a short text apart from the same word elsewhere, such as `to`."""
    return _current.catalogue.pgettext(about, text)


def N_(text: str) -> str:  # its name wherever gettext is used
    """Mark a text that is looked up later, such as a module's constant."""
    return text


_ = gettext


def add_to(templates: Any) -> None:
    """Give a Jinja environment `{% trans %}`, `_()`, `ngettext()` and `pgettext()`."""
    templates.add_extension("jinja2.ext.i18n")
    templates.install_gettext_callables(
        gettext, ngettext, newstyle=True, pgettext=pgettext
    )


def first_upper(text: str) -> str:
    """Return it as a sentence or a title begins."""
    return text[:1].upper() + text[1:]
