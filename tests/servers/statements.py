"""SQL compiled once, for all engines of SQLite files in a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

# A test may make statements without end.
MOST_STATEMENTS = 3000

_start = Engine.__init__


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

    def of_each_engine(self) -> Callable[..., None]:
        """Return what can be `Engine.__init__`."""

        def start(engine: Engine, *given: Any, **named: Any) -> None:
            _start(engine, *given, **named)
            if engine.driver == "pysqlite":
                engine._compiled_cache = self

        return start
