"""Where `serve` would listen, for scripts: `python -m mvsnap.cli.address ARGUMENTS`.

Takes the arguments of `serve` and prints a URL for this machine; `-` without the web
role. A pattern over the settings file would miss the other ways to write it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from mvsnap.cli.serve import serve
from mvsnap.config.load import DEFAULT_PATH, load
from mvsnap.errors import BadConfig


def address(arguments: Sequence[str]) -> str:
    """Return what `serve` with these arguments would answer at.

    Raises:
        BadConfig
    """
    given = serve.make_context("serve", list(arguments))
    if "web" not in given.params["roles"].split(","):
        return "-"
    server = load(given.obj or Path(DEFAULT_PATH)).server
    asked = {name: given.params[name] for name in ("host", "port")}
    update = {name: value for name, value in asked.items() if value is not None}
    return server.model_copy(update=update).own_url


if __name__ == "__main__":
    try:
        click.echo(address(sys.argv[1:]))
    except (BadConfig, click.ClickException) as exc:
        sys.exit(exc.message)
