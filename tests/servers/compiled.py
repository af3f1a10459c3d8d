"""Templates, addresses and SQL are compiled once in a test process.

Most tests of pages have an application and a database of their own. To compile its 170
addresses, the templates of a few pages and their statements took half of the computing;
what comes of it is the same each time. Programs that tests start compile as a service
does.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from werkzeug.routing import Rule

from mvsnap import texts
from tests.servers.addresses import Addresses
from tests.servers.statements import Statements


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


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(Flask.jinja_options, "bytecode_cache", Templates())
        patch.setattr(Rule, "compile", Addresses().as_method())
        patch.setattr(Engine, "__init__", Statements().of_each_engine())
        yield
