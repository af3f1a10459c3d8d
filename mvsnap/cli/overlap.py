"""How long something that is replaced still counts, as an option of commands."""

from __future__ import annotations

from datetime import timedelta

import click

from mvsnap.core.keys import parse_overlap
from mvsnap.errors import BadInput


def parsed_overlap(
    _ctx: click.Context, _option: click.Parameter, text: str
) -> timedelta:
    try:
        return parse_overlap(text)
    except BadInput as exc:
        raise click.BadParameter(exc.message) from exc
