"""Guard: the tree at the top of errors.py is the one of the classes."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import mvsnap
from mvsnap import errors
from mvsnap.errors import MvsnapError


def classes(above: type[MvsnapError] = MvsnapError) -> Iterator[type[MvsnapError]]:
    for below in above.__subclasses__():
        if below.__module__.startswith("mvsnap."):
            yield below
            yield from classes(below)


def drawn() -> dict[str, tuple[str, str | None]]:
    """Return name -> (the one above, status), of the drawing."""
    found, above = {}, [MvsnapError.__name__]
    for line in re.findall(r"(?m)^ +[A-Z].*", errors.__doc__ or ""):
        depth = (len(line) - len(line.lstrip())) // 2
        name, status = line.split()[0], re.search(r" (\d{3})$", line)
        found[name] = above[depth - 1], status and status[1]
        above[depth:] = [name]
    return found


def test_the_tree_in_errors_is_complete() -> None:
    for module in pkgutil.walk_packages(mvsnap.__path__, "mvsnap."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    tree = drawn()
    exist = {(made.__bases__[0].__name__, made.__name__) for made in classes()}
    assert {(above, name) for name, (above, _) in tree.items()} == exist
    for made in classes():
        _, status = tree[made.__name__]
        assert status in (None, str(made.status)), made
        assert status or "status" not in vars(made), f"{made} has a status"
