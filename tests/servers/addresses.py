"""What puts values into the addresses of an application, compiled once for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

_compile = Rule._compile_builder


class Addresses:
    """The functions that put values into an address: those of equal rules are equal."""

    def __init__(self) -> None:
        self._made: dict[Any, Callable[..., tuple[str, str]]] = {}

    def builder(
        self, rule: Rule, append_unknown: bool = True
    ) -> Callable[..., tuple[str, str]]:
        if rule.defaults:  # they are in the code
            return _compile(rule, append_unknown)
        key = (rule.rule, tuple(rule._trace), append_unknown)
        if key not in self._made:
            self._made[key] = _compile(rule, append_unknown)
        return self._made[key]

    def as_method(self) -> Callable[..., Callable[..., tuple[str, str]]]:
        """Return what can be `Rule._compile_builder`."""

        def builder(
            rule: Rule, append_unknown: bool = True
        ) -> Callable[..., tuple[str, str]]:
            return self.builder(rule, append_unknown)

        return builder
