"""A cookie that was right a moment ago is not checked by its signature again."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import Any

import pytest
from itsdangerous import URLSafeTimedSerializer

from mvsnap.domain import Role
from mvsnap.web.auth.opened_cookies import OpenedCookies
from tests.web.build import Web

KEYS = ("key",)


class Reader:
    """Counts how often a cookie was checked."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.reads = 0
        self._content = content

    def __call__(self) -> dict[str, Any]:
        self.reads += 1
        return self._content


def test_it_is_checked_once_a_minute_for_the_same_keys() -> None:
    now_s = [100.0]
    opened, read = OpenedCookies(lambda: now_s[0]), Reader({"id": "one"})
    for _ in range(3):
        content = opened.content("cookie", KEYS, read)
        assert content == {"id": "one"}
        content["id"] = "changed by this request"
    assert read.reads == 1
    opened.content("another", KEYS, read)
    assert read.reads == 2
    opened.content("cookie", ("new", "key"), read)
    assert read.reads == 3
    now_s[0] += 60
    opened.content("cookie", ("new", "key"), read)
    assert read.reads == 4


@pytest.mark.parametrize("content", [{}, {"_flashes": [("success", "Done")]}])
def test_neither_a_wrong_one_nor_one_with_a_list_is_kept(
    content: dict[str, Any],
) -> None:
    opened, read = OpenedCookies(), Reader(content)
    for _ in range(2):
        assert opened.content("cookie", KEYS, read) == content
    assert read.reads == 2


def test_the_number_has_a_limit() -> None:
    opened, read = OpenedCookies(), Reader({"id": "one"})
    for number in range(300):
        opened.content(f"cookie {number}", KEYS, read)
    opened.content("cookie 299", KEYS, read)
    assert read.reads == 300
    opened.content("cookie 0", KEYS, read)
    assert read.reads == 301


def test_a_page_that_polls_has_its_cookie_checked_once(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, checked = web.log_in(Role.VIEWER), []
    loads = URLSafeTimedSerializer.loads

    def noted(self: URLSafeTimedSerializer, *given: Any, **named: Any) -> Any:
        checked.append(given[0])
        return loads(self, *given, **named)

    monkeypatch.setattr(URLSafeTimedSerializer, "loads", noted)
    for _ in range(3):
        assert person.get("/events/rows").status_code == 200
    assert len(checked) <= 1
    cookie = person.get_cookie("mvsnap")
    assert cookie is not None
    last = "A" if cookie.value[-2] != "A" else "B"
    person.set_cookie("mvsnap", f"{cookie.value[:-2]}{last}{cookie.value[-1]}")
    assert person.get("/events/rows").status_code == 303


def test_nothing_of_the_application_is_async(web: Web) -> None:
    app = web.app
    hooks = [
        *app.view_functions.values(),
        *(f for many in app.before_request_funcs.values() for f in many),
        *(f for many in app.after_request_funcs.values() for f in many),
    ]
    assert not [hook for hook in hooks if iscoroutinefunction(hook)]
