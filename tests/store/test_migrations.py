"""From 0013 on a migration only adds: the release before works beside this one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from mvsnap.store import database

VERSIONS = Path(database.__file__).parent / "migrations" / "versions"
FIRST = 13
# What the release before does not notice.
ADDS = {"create_table", "create_index", "add_column", "get_bind", "get_context"}


def mistakes(text: str) -> Iterator[str]:
    """Yield what `upgrade` does beside adding."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef) or node.name == "downgrade":
            continue
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                yield from _mistakes_of(call, call.func)


def _mistakes_of(call: ast.Call, func: ast.Attribute) -> Iterator[str]:
    if isinstance(func.value, ast.Name) and func.value.id == "op":
        if func.attr not in ADDS:
            yield f"op.{func.attr}"
        if func.attr == "add_column":
            yield from (f"op.{func.attr} {why}" for why in _column_mistakes(call))
    elif func.attr.startswith(("drop_", "alter_", "rename_")):
        yield func.attr


def _column_mistakes(call: ast.Call) -> Iterator[str]:
    """A row of the release before has no value for a column that it does not know."""
    column = call.args[1]
    assert isinstance(column, ast.Call)
    given = {word.arg: word.value for word in column.keywords}
    nullable = given.get("nullable", ast.Constant(True))
    may_be_null = isinstance(nullable, ast.Constant) and nullable.value is True
    if not may_be_null and "server_default" not in given:
        yield "without a server_default"


def test_migrations_only_add() -> None:
    found = {
        path.name: list(mistakes(path.read_text(encoding="utf-8")))
        for path in sorted(VERSIONS.glob("v*.py"))
        if int(path.name[1:5]) >= FIRST
    }
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    ("step", "wrong"),
    [
        ("op.create_table('x')", []),
        ("op.create_index('i', 'x', ['a'])", []),
        ("op.add_column('x', Column('a', Text))", []),
        ("op.add_column('x', Column('a', Text, server_default=''))", []),
        (
            "op.add_column('x', Column('a', Text, nullable=False))",
            ["op.add_column without a server_default"],
        ),
        ("op.drop_column('x', 'a')", ["op.drop_column"]),
        ("op.rename_table('x', 'y')", ["op.rename_table"]),
        ("op.execute('alter table x drop a')", ["op.execute"]),
        (
            "with op.batch_alter_table('x') as batch:\n        batch.drop_column('a')",
            ["op.batch_alter_table", "drop_column"],
        ),
    ],
)
def test_the_guard_sees(step: str, wrong: list[str]) -> None:
    assert sorted(mistakes(f"def upgrade():\n    {step}")) == sorted(wrong)
