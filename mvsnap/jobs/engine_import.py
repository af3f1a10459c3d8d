"""Imports dbos without what it brings along and never uses here.

The driver of PostgreSQL, where jobs are in a SQLite file: 9 MB, and a quarter of the
time that its import takes. SQLAlchemy's ORM: 7 MB, for classes that dbos names in its
annotations. croniter, for schedules of dbos: to see what Python is, its import runs a
program, `file`. What it gets in their place becomes the real one as soon as dbos asks
it for anything. A release of dbos that asks for more is imported again with the real
ones.
"""

from __future__ import annotations

import importlib
import logging
import sys
import threading
from types import ModuleType
from typing import Any

log = logging.getLogger(__name__)

_DRIVER, _ERRORS = "psycopg", "psycopg.errors"
_OF_CLASSES = ("sqlalchemy.orm", "sqlalchemy.ext.asyncio", "croniter")
_lock = threading.RLock()


def import_engine(url: str) -> Any:
    """Return the module `dbos`; before anything else imports it."""
    with _lock:
        if "dbos" in sys.modules:
            return importlib.import_module("dbos")
        _stand_in(url)
        try:
            return importlib.import_module("dbos")
        except Exception as exc:  # noqa: BLE001 - of a mistake of its own it fails again
            log.debug("dbos needs all that it imports: %s", exc)
        finally:
            _make_way()
        for name in [name for name in sys.modules if name.partition(".")[0] == "dbos"]:
            del sys.modules[name]
        return importlib.import_module("dbos")


def _stand_in(url: str) -> None:
    if url.startswith("sqlite") and _DRIVER not in sys.modules:
        driver, errors = _AtFirstUse(_DRIVER), _AtFirstUse(_ERRORS)
        driver.errors = errors
        sys.modules |= {_DRIVER: driver, _ERRORS: errors}
    for name in _OF_CLASSES:
        sys.modules.setdefault(name, _Classes(name))


class _AtFirstUse(ModuleType):
    """A module that is imported when one of its names is looked up."""

    errors: ModuleType

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by the import of dbos itself
            raise AttributeError(name)
        with _lock:
            _make_way()
            return getattr(importlib.import_module(self.__name__), name)


class _Classes(ModuleType):
    """A module that is imported when one of its classes is used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Class(name, (), {"__module__": self.__name__})


class _Class(type):
    """Stands for a class that may not be imported yet."""

    def __new__(mcs, name: str, bases: tuple[type, ...], of: dict[str, Any]) -> _Class:
        if bases:  # it would be a class of nothing
            raise TypeError(f"{name} needs the real {bases[0].__name__}")
        return super().__new__(mcs, name, bases, of)

    def __call__(cls, *args: Any, **named: Any) -> Any:
        return cls._real()(*args, **named)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(cls._real(), name)

    def _real(cls) -> Any:
        with _lock:
            _make_way()
            return getattr(importlib.import_module(cls.__module__), cls.__name__)

    def __instancecheck__(cls, value: object) -> bool:
        # Without its module there is no such thing.
        real = getattr(sys.modules.get(cls.__module__), cls.__name__, None)
        return isinstance(real, type) and real is not cls and isinstance(value, real)

    def __getitem__(cls, _types: Any) -> Any:
        return cls  # in an annotation


def _make_way() -> None:
    """All others get the real ones."""
    for name in (_DRIVER, _ERRORS, *_OF_CLASSES):
        if isinstance(sys.modules.get(name), _AtFirstUse | _Classes):
            del sys.modules[name]
