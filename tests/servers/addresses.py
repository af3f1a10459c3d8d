"""Addresses of an application, compiled once for all that have them."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import partial
from typing import Any

from werkzeug.routing import Rule

_compile = Rule.compile
# What compiling makes. The two functions get the rule they belong to.
_MADE = ("_parts", "_trace", "_converters", "arguments")
_FUNCTIONS = ("_build", "_build_unknown")


class Addresses:
    """What comes of compiling a rule, for rules that are equal."""

    def __init__(self) -> None:
        self._made: dict[Any, dict[str, Any]] = {}

    def compile(self, rule: Rule) -> None:
        assert rule.map is not None
        if rule.defaults:  # they are in the code
            _compile(rule)
            return
        kinds = tuple(rule.map.converters.values())
        where = (rule.map.host_matching, rule.host, rule.subdomain)
        key = (rule.rule, rule.merge_slashes, where, kinds)
        made = self._made.get(key)
        if made is None:
            _compile(rule)
            made = {name: copy(getattr(rule, name)) for name in _MADE}
            made |= {name: getattr(rule, name).__func__ for name in _FUNCTIONS}
            self._made[key] = made
            return
        for name in _MADE:
            setattr(rule, name, copy(made[name]))
        for name in _FUNCTIONS:
            setattr(rule, name, partial(made[name], rule))

    def as_method(self) -> Callable[[Rule], None]:
        """Return what can be `Rule.compile`."""
        return lambda rule: self.compile(rule)
