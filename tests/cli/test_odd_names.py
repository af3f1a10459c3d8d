"""Names come from the Dashboard and from people: none acts on a terminal."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.progress import Progress, TextColumn
from rich.text import Text

from mvsnap.cli import console, table, usage
from mvsnap.cli.camera_names import camera_called
from mvsnap.cli.console import Terminal
from mvsnap.cli.record_ways import Bar
from mvsnap.cli.terminal import print_json
from mvsnap.cli.usage import did_you_mean
from mvsnap.domain import Camera, CameraName, Serial
from tests.cli.run import in_terminal

CLEARS = "\x1b[2Jgate\x9b31m\u202e"
SHOWN = "\\x1b[2Jgate\\x9b31m\\u202e"
MARKUP = "[red]x[/red] [/] [/bold] \\"


def terminal(width: int, *, is_terminal: bool = True) -> Terminal:
    return Terminal(
        file=io.StringIO(),
        force_terminal=is_terminal,
        width=width,
        color_system=None,
        highlight=False,
        soft_wrap=True,
        emoji=False,
    )


def written(out: Terminal) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("name", [CLEARS, Text(CLEARS)], ids=["str", "text"])
def test_a_name_does_not_act_on_a_terminal(name: str | Text, is_terminal: bool) -> None:
    out = terminal(80, is_terminal=is_terminal)
    out.print(name)
    assert written(out) == f"{SHOWN}\n"


@pytest.fixture(params=[*range(1, 21), 200])
def screen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    out = terminal(request.param)
    monkeypatch.setattr(table, "console", lambda _name: out)
    monkeypatch.setattr(console, "console", lambda _name: out)
    return out


def test_a_list_shows_names_as_they_stand(screen: Terminal) -> None:
    rows = [(CLEARS, "a" * 300), (MARKUP, "\x07")]
    table.print_table(("name", "what"), rows)
    shown = "".join(written(screen).split())
    assert "\x1b" not in shown
    for said in ("\\x1b[2J", "[red]x[/red]", "[/]", "[/bold]", "\\x07", "a" * 300):
        assert said in shown


def test_the_bar_of_a_camera_is_called_as_it_stands() -> None:
    shown = terminal(80)
    with Progress(TextColumn("{task.description}"), console=shown) as progress:
        Bar(progress, CameraName(MARKUP), 1.0)
    assert MARKUP in written(shown)


def test_a_name_that_is_suggested_does_not_act() -> None:
    assert did_you_mean("gate 1", ["gate\x1b 2"]) == " Did you mean gate\\x1b 2?"
    assert usage.visible("line\n\tBüro 鍵") == "line\n\tBüro 鍵"


def test_json_of_a_name_does_not_act(capsys: pytest.CaptureFixture[str]) -> None:
    print_json([{"name": CLEARS}])
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\x9b" not in said
    assert json.loads(said) == [{"name": CLEARS}]


def test_a_recording_camera_may_be_called_like_a_serial() -> None:
    dashboard = [Camera(Serial("Q2AB-0001-WEST"), "Door", "MV12W", "N_1")]
    assert camera_called("q1ab-0001-west", dashboard, ["q1ab-0001-west"]) == (
        "q1ab-0001-west"
    )
    assert camera_called("q2ab-0001-west", dashboard) == "Q2AB-0001-WEST"


def test_a_group_without_a_command_shows_its_help(tmp_path: Path) -> None:
    said = in_terminal(tmp_path, "users", columns=60)
    assert said.code == 2
    assert said.out.startswith("Usage: ")
    assert "Error" not in said.out


def test_a_file_whose_name_is_markup_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "[" / "].yaml"
    path.parent.mkdir()
    path.write_text("site: {name: x}\n")
    path.chmod(0o644)
    said = in_terminal(tmp_path, "--config", "[/].yaml", "users", "list", columns=300)
    assert said.code == 0, said.out
    assert "[/].yaml contains secrets" in said.out
