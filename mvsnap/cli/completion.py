"""`completion`: the script with which a shell completes commands and options."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, ZshComplete

_SHELLS = {"bash": BashComplete, "zsh": ZshComplete}


@click.command()
@click.argument("shell", type=click.Choice([*_SHELLS]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script with which bash or zsh completes commands and options.

    \b
    For the current shell:  source <(mvsnap completion bash)
    For every new shell, save the output as
      bash: ~/.local/share/bash-completion/completions/mvsnap
      zsh:  _mvsnap in a folder of $fpath
    """
    # With this variable the program knows that a shell asks for completions.
    made = _SHELLS[shell](ctx.find_root().command, {}, "mvsnap", "_MVSNAP_COMPLETE")
    click.echo(made.source())
