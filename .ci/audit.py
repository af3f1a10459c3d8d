"""Asks a database for known vulnerabilities of every library in requirements.lock.

    .venv/bin/python .ci/audit.py [OPTIONS OF pip-audit, such as -s osv]

Exit code 0: none is known. 1: some are. 3: not every library could be checked, which is
no good news; pip-audit itself ends with 0 where the database knows no library at all.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from itertools import zip_longest
from pathlib import Path
from typing import Any

import click
from packaging.requirements import Requirement

LOCK = Path(__file__).parent.parent / "requirements.lock"
NONE, SOME, UNCHECKED = 0, 1, 3


def pins() -> list[list[str]]:
    """Return every name and version, those for other machines and Pythons, too.

    In lists that pip-audit takes: each has a library once.
    """
    lines = (line.partition("#")[0].strip() for line in LOCK.read_text().splitlines())
    versions: dict[str, set[str]] = {}
    for one in (Requirement(line) for line in lines if line):
        versions.setdefault(one.name, set()).add(f"{one.name}{one.specifier}")
    return [[*filter(None, part)] for part in zip_longest(*versions.values())]


def ask(libraries: list[str], options: list[str]) -> list[Any]:
    """Return what pip-audit found of each.

    Raises:
        ValueError: it could not ask, and why.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(libraries))
        file.flush()
        plain = ("--no-deps", "--disable-pip", "--progress-spinner", "off")
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip_audit", "--requirement", file.name),
                *(*plain, "--format", "json", *options),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    if not done.stdout.startswith("{"):
        raise ValueError((done.stderr.strip().splitlines() or ["no reason given"])[-1])
    found: list[Any] = json.loads(done.stdout)["dependencies"]
    return found


def main(options: list[str]) -> int:
    lists = pins()
    try:
        found = [one for libraries in lists for one in ask(libraries, options)]
    except ValueError as exc:
        click.echo(f"NOT CHECKED: the database could not be asked: {str(exc)[:500]}")
        return UNCHECKED
    checked = [one for one in found if "skip_reason" not in one]
    bad = [(one, flaw) for one in checked for flaw in one["vulns"]]
    for one, flaw in bad:
        fixed = ", ".join(flaw["fix_versions"]) or "no version yet"
        click.echo(f"{one['name']} {one['version']}: {flaw['id']}, fixed in {fixed}")
    total = sum(map(len, lists))
    if len(checked) < total:
        click.echo(
            f"NOT CHECKED: {total - len(checked)} of {total} libraries, which the "
            "database does not have"
        )
    click.echo(f"{len(bad)} known vulnerabilities in {len(checked)} libraries")
    if bad:
        return SOME
    return NONE if len(checked) == total else UNCHECKED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
