"""How long something that is replaced still counts, as an option of commands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from mvsnap.core.keys import parse_overlap
from mvsnap.errors import BadInput

Command = TypeVar("Command", bound=Callable[..., Any])


def overlap_option(words: str) -> Callable[[Command], Command]:
    """words: what the help says goes on that long."""
    return click.option(
        "--overlap",
        metavar="HOURS",
        default="0",
        show_default=True,
        callback=_parsed,
        help=words,
    )


def _parsed(_ctx: click.Context, _option: click.Parameter, text: str) -> timedelta:
    try:
        return parse_overlap(text)
    except BadInput as exc:
        raise click.BadParameter(exc.message) from exc
