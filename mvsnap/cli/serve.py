"""`serve`: the service."""

from __future__ import annotations

import logging
from functools import partial

import click

from mvsnap.cli import DEBUG
from mvsnap.cli.terminal import config_option, load_settings, storage_errors
from mvsnap.cli.usage import WholeNumber

_KNOWN = ("web", "worker", "sense", "record")


@config_option
@click.command()
@click.option("--host", help="Address to listen on instead of server.host.")
@click.option(
    "--port",
    type=WholeNumber(1, 65535),
    help="Port instead of server.port.",
)
@click.option(
    "--roles",
    default=",".join(_KNOWN),
    show_default=True,
    help="Roles of this process, comma separated.",
)
@click.pass_context
def serve(ctx: click.Context, host: str | None, port: int | None, roles: str) -> None:
    """Run the service until SIGTERM or Ctrl-C."""
    wanted = {role.strip() for role in roles.split(",")}
    unknown = sorted(wanted - set(_KNOWN))
    if unknown:
        raise click.BadParameter(
            f"{unknown[0]!r} (expected some of: {', '.join(_KNOWN)})",
            param_hint="--roles",
        )
    load_settings(ctx, level=logging.INFO)
    from mvsnap.runtime import Roles
    from mvsnap.serving.reload import configure_logs, read_again
    from mvsnap.serving.run import serve as run

    read = partial(read_again, ctx.obj, host, port, is_debug=DEBUG in ctx.meta)
    settings = read()
    configure_logs(settings)
    with storage_errors(settings):
        run(settings, Roles(**{role: role in wanted for role in _KNOWN}), read)
