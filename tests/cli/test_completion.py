"""Completion in real shells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mvsnap.cli import _COMMANDS
from tests.servers.processes import require

BESIDE_PYTHON = str(Path(sys.executable).parent)


def shell(*args: str, folder: Path) -> str:
    """Return what the shell prints; `mvsnap` is on its PATH."""
    path = f"{BESIDE_PYTHON}:{os.environ['PATH']}"
    done = subprocess.run(
        [require(args[0], args[0]), *args[1:]],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


# What bash does for a Tab behind the words.
TAB = """
source <(mvsnap completion bash)
COMP_WORDS=(mvsnap "$@") COMP_CWORD=$#
_mvsnap_completion mvsnap "${!#}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ([""], list(_COMMANDS)),
        (["se"], ["serve"]),
        (["serve", "--ro"], ["--roles"]),
        (["db", ""], ["restored", "rotate-session-key", "upgrade"]),
        (["completion", "z"], ["zsh"]),
    ],
    ids=" ".join,
)
def test_bash_is_offered_what_fits(
    tmp_path: Path, words: list[str], offered: list[str]
) -> None:
    said = shell("bash", "--norc", "-c", TAB, "bash", *words, folder=tmp_path)
    assert said.split() == offered


def test_zsh_takes_the_script(tmp_path: Path) -> None:
    script = (
        "autoload -U compinit; compinit -u -D; source <(mvsnap completion zsh); "
        "print $_comps[mvsnap]"
    )
    assert shell("zsh", "-f", "-c", script, folder=tmp_path) == "_mvsnap_completion\n"


ASKS = """
import sys
from click.shell_completion import BashComplete
from mvsnap.cli import main
asked = BashComplete(main, {}, "mvsnap", "_MVSNAP_COMPLETE")
print([item.value for item in asked.get_completions([], "se")])
print([name for name in sys.modules if name.startswith("mvsnap.cli.")])
"""


def test_names_are_offered_without_importing_the_commands(tmp_path: Path) -> None:
    said = shell(sys.executable, "-c", ASKS, folder=tmp_path)
    # What all commands share; it imports no library but click.
    assert said == "['serve']\n['mvsnap.cli.usage']\n"
