"""The forms of a page: what a person can fill in wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

# What is chosen or pressed, not filled in.
_PRESSED = ("hidden", "submit", "button", "checkbox", "radio", "file")


@dataclass(slots=True)
class PageForm:
    """given: what the page has filled in, by field; asked: those for a person."""

    action: str
    is_post: bool
    given: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, bool, tuple[str, ...]]:
        return self.action.partition("?")[0], self.is_post, tuple(sorted(self.given))


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            is_post = (found.get("method") or "").lower() == "post"
            self.forms.append(PageForm(found.get("action") or "", is_post))
            self._is_inside = True
        elif self._is_inside and tag in ("input", "select", "textarea"):
            self._note(tag, found)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False

    def _note(self, tag: str, found: Mapping[str, str | None]) -> None:
        form, name = self.forms[-1], found.get("name")
        if not name:
            return
        form.given[name] = found.get("value") or ""
        if tag != "input" or (found.get("type") or "text") not in _PRESSED:
            form.asked.append(name)


def forms_of(html: str) -> list[PageForm]:
    """Return those that have a field for a person."""
    parser = _Forms()
    parser.feed(html)
    return [form for form in parser.forms if form.asked]
