"""Templates, addresses and SQL are compiled once in a test process.

Most tests of pages have an application and a database of their own. To compile its 170
addresses, the templates of a few pages and their statements took half of the computing;
what comes of it is the same each time. Programs that tests start compile as a service
does.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from werkzeug.routing import Rule

from mvsnap import texts
from tests.servers.addresses import Addresses

# A test may make statements without end.
MOST_STATEMENTS = 3000

_start = Engine.__init__


class Templates(BytecodeCache):
    """The code of each template, as long as its source is the same."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get(_key(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[_key(bucket)] = bucket.code


def _key(bucket: Bucket) -> tuple[str, str, str]:
    # What is constant in a template is computed as it is compiled, also words.
    return bucket.key, bucket.checksum, texts.locale()


class Statements(dict[Any, Any]):
    """What an engine keeps of its statements, for all engines of SQLite files.

    Its keys begin with the dialect, of which every engine has one of its own.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        if len(self) >= MOST_STATEMENTS:
            self.clear()
        super().__setitem__(key[1:], compiled)


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    statements = Statements()

    def start(engine: Engine, *given: Any, **named: Any) -> None:
        _start(engine, *given, **named)
        if engine.driver == "pysqlite":
            engine._compiled_cache = statements

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(Flask.jinja_options, "bytecode_cache", Templates())
        patch.setattr(Rule, "compile", Addresses().as_method())
        patch.setattr(Engine, "__init__", start)
        yield
