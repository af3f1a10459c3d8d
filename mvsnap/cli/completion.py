"""`completion`: the script with which a shell completes commands and options."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, ZshComplete

_SHELLS = {"bash": BashComplete, "zsh": ZshComplete}


@click.command()
@click.argument("shell", type=click.Choice([*_SHELLS]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what lets a shell complete commands and options.

    \b
    For this shell:  source <(mvsnap completion bash)
    For all to come, write it to a file: for bash
      ~/.local/share/bash-completion/completions/mvsnap
    and for zsh _mvsnap in a folder of $fpath.
    """
    # With this variable the program knows that a shell asks for completions.
    made = _SHELLS[shell](ctx.find_root().command, {}, "mvsnap", "_MVSNAP_COMPLETE")
    click.echo(made.source())
