"""`completion`: what a shell needs to complete commands and options."""

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
    # The variable is how the program, called by its name, knows that a shell asks.
    made = _SHELLS[shell](ctx.find_root().command, {}, "mvsnap", "_MVSNAP_COMPLETE")
    click.echo(made.source())
