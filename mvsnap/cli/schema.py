"""`schema`: the settings file as a JSON Schema."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> None:
    """Print a JSON Schema of the settings, for editors.

    An editor with a YAML language server then completes keys and marks mistakes, with
    this as the first line of config/mvsnap.yaml:

    # yaml-language-server: $schema=mvsnap.schema.json
    """
    from mvsnap.config import reference

    click.echo(json.dumps(reference.schema(), indent=2))
