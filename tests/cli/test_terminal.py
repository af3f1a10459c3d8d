"""Every command is readable in a terminal of any width, and by a program."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

import click
import pytest
from rich.text import Text

from mvsnap.cli import main
from mvsnap.cli.console import fold
from mvsnap.domain import Camera, EventKind, Serial
from mvsnap.store.database import Database, open_database, sqlite_url
from mvsnap.store.events import Store
from mvsnap.store.site import SiteStore
from tests.cli.run import Said, configure, in_terminal, mvsnap, settings
from tests.cli.test_commands import DOOR, GATE
from tests.conftest import running_clouds
from tests.core import build

OTHER_DOOR = "Q2SM-0000-0003"
LONG_AGO = datetime(2026, 1, 31, 8, 15, tzinfo=UTC)
WHY = "Meraki does not know this camera, network or organization (404): check the id"
PASSWORD = "a long enough pass phrase\n"

# Every command with --json: what follows it, and the keys of a row. They stay.
FOR_PROGRAMS: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "cameras": ((), {"name", "serial", "model", "status", "used", "organization"}),
    "rooms": ((), {"title", "type", "used", "id"}),
    "events": (
        (),
        {
            *("occurred_at", "kind", "serial", "camera_name", "title", "error"),
            *("trigger_kind", "trigger_by", "video_link", "id", "job_id"),
        },
    ),
    "jobs": ((), set()),
    "users list": ((), {"name", "role", "password", "second_factor", "changed_at"}),
    "keys list": (
        (),
        {
            *("name", "kind", "state", "starts_with", "last_used_at"),
            *("last_used_from", "expires_at", "limits"),
        },
    ),
    "check": ((), {"name", "ok", "text"}),
    "purge": (
        ("--dry-run",),
        {
            *("name", "dry_run", "removed", "files", "freed_bytes", "left_bytes"),
            *("missing_files", "held", "unseen"),
        },
    ),
    "test-message": (("Site A - Alarms",), {"channel", "sent", "error"}),
}
READABLE = [
    ("cameras",),
    ("rooms",),
    ("rooms", "--ids"),
    ("events", "--camera", "gate north"),
    ("events", "--camera", "gate north", "--ids"),
    ("jobs",),
    ("users", "list"),
    ("keys", "list"),
    ("check",),
    ("purge", "--dry-run"),
    ("snapshot", "Q2XX-ABCD-1234", "--no-post"),
    ("test-message", "nowhere"),
    ("events", "--kind", "crowds"),
    ("record", "Buro"),
    ("users", "remove", "nobody"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A site with something in every list, and names that are not ASCII."""
    folder = tmp_path_factory.mktemp("site")
    with running_clouds() as clouds:
        tree = settings(clouds)
        tree["site"] = {"name": "Büro", "timezone": "America/Argentina/Buenos_Aires"}
        tree["api_keys"][0]["name"] = "panic button at the gate of the northern yard"
        tree["recorder"] = {"cameras": {"Büro": {"url": "http://127.0.0.1:9/x.mjpg"}}}
        configure(folder, tree)
        add = ("users", "add", "ada", "--password-file", "-")
        assert mvsnap(folder, *add, stdin=PASSWORD).code == 0
        assert mvsnap(folder, "keys", "add", "door", "--camera", GATE).code == 0
        _fill(folder)
        yield folder


def _fill(folder: Path) -> None:
    db = Database(open_database(sqlite_url(folder / "data" / "mvsnap.db")))
    store = Store(db)
    titles = ("Gripper lost its carton of Robot 7", "Crowd: 5 people", "", "Büro")
    for title, kind in zip(titles, EventKind, strict=False):
        store.add_event(
            build.event(
                serial=Serial(GATE),
                kind=kind,
                title=title,
                occurred_at=LONG_AGO,
                camera_name="Büro at the northern gate",
                error=WHY if not title else None,
            )
        )
    known = ((GATE, "Gate North"), (DOOR, "Hall 1"), (OTHER_DOOR, "hall 1"))
    cameras = [Camera(Serial(s), name, "MV12W", "N_1") for s, name in known]
    SiteStore(db).keep_cameras(cameras, LONG_AGO)
    store.close()


def words(text: str) -> set[str]:
    """Return what is said, without rules, bars, and marks around a word."""
    found = {word.strip("().,:;'") for word in re.split(r"[\s|]+", text)}
    return {word for word in found if word.strip("─━╸╺-0123456789:")}


Piped = Callable[[tuple[str, ...]], Said]


@pytest.fixture(scope="module")
def piped(site: Path) -> Piped:
    """Return what a command gives a pipe, where nothing is folded."""
    return cache(lambda args: mvsnap(site, *args, TERM="xterm-256color"))


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("args", READABLE, ids=" ".join)
def test_no_word_is_cut_at_the_edge(
    site: Path, piped: Piped, args: tuple[str, ...], columns: int
) -> None:
    whole, shown = piped(args), in_terminal(site, *args, columns=columns)
    assert shown.code == whole.code
    assert words(whole.out + whole.err) - words(shown.out) == set()
    assert shown.out.count("…") == whole.out.count("…")
    own = [line for line in shown.out.splitlines() if not line.startswith("Try '")]
    too_long = [line for line in own if len(line) > columns]
    assert [line for line in too_long if len(line.split()) > 1] == []


def commands(group: click.Group, *above: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its name, such as `users list`."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        yield " ".join((*above, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)


def test_every_command_that_lists_or_checks_has_json() -> None:
    every = dict(commands(main))
    with_json = {
        name
        for name, command in every.items()
        if any("--json" in param.opts for param in command.params)
    }
    assert with_json == set(FOR_PROGRAMS)
    assert {name for name in every if name.endswith("list")} <= with_json


def test_the_help_of_every_command_fits_80_columns() -> None:
    for name, command in commands(main):
        ctx = click.Context(command, info_name=f"mvsnap {name}", terminal_width=80)
        lines = command.get_help(ctx).splitlines()
        assert max(map(len, lines)) <= 80, name
        assert all(param.help for param in command.params if _is_option(param)), name


def _is_option(param: click.Parameter) -> TypeGuard[click.Option]:
    return isinstance(param, click.Option)


@pytest.mark.parametrize("name", FOR_PROGRAMS)
def test_json_is_all_that_a_program_gets(site: Path, name: str) -> None:
    args, keys = FOR_PROGRAMS[name]
    said = mvsnap(site, *name.split(), *args, "--json")
    assert said.err == ""
    found: Any = json.loads(said.out)
    rows = found if isinstance(found, list) else [found]
    assert all(set(row) <= keys for row in rows)
    assert set().union(*rows) == keys


def test_json_is_ascii_where_the_terminal_has_no_other(site: Path) -> None:
    said = mvsnap(site, "events", "--json", PYTHONIOENCODING="ascii")
    assert said.out.isascii()
    assert "Büro" in {row["title"] for row in json.loads(said.out)}


@pytest.mark.parametrize("command", ["events", "check"])
def test_a_terminal_without_umlauts_shows_escapes(site: Path, command: str) -> None:
    said = mvsnap(site, command, PYTHONIOENCODING="ascii")
    assert said.out.isascii()
    assert "B\\xfcro" in said.out


@pytest.mark.parametrize("args", READABLE, ids=" ".join)
def test_a_pipe_gets_no_colour_and_no_bar(piped: Piped, args: tuple[str, ...]) -> None:
    said = piped(args)
    assert "\x1b" not in said.out + said.err
    assert not re.search(r"[━╸╺⠋]", said.out + said.err)


@pytest.mark.parametrize("args", READABLE, ids=" ".join)
def test_the_command_line_is_english_on_a_german_site(
    site: Path, piped: Piped, args: tuple[str, ...]
) -> None:
    plain = piped(args)
    german = mvsnap(site, *args, MVSNAP_SITE__LOCALE="de")
    assert (german.code, words(german.err)) == (plain.code, words(plain.err))
    if args[0] != "snapshot":  # its own picture and link each time
        assert german.out == plain.out


@pytest.mark.parametrize(
    ("args", "meant"),
    [
        (("snapshots",), "snapshot"),
        (("chek",), "check"),
        (("romos",), "rooms"),
        (("users", "lst"), "list"),
        (("keys", "rotat"), "rotate"),
        (("record", "Buro"), "Büro"),
        (("events", "--camera", "Buro"), "Büro"),
        (("events", "--camera", "gate"), "Gate North"),
        (("snapshot", "Gate Nort"), "Gate North"),
        (("users", "remove", "adda"), "ada"),
        (("users", "reset-second-factor", "adda"), "ada"),
        (("keys", "remove", "dor"), "door"),
        (("keys", "rotate", "panic button"), "panic button at the gate of"),
    ],
)
def test_what_was_perhaps_meant_is_named(
    site: Path, args: tuple[str, ...], meant: str
) -> None:
    said = mvsnap(site, *args)
    assert said.code in (1, 2)
    assert said.out == ""
    assert f"Did you mean {meant}" in said.err


def test_a_command_that_means_something_else_is_not_proposed(site: Path) -> None:
    said = mvsnap(site, "keys", "create", "Door 5")
    assert said.code == 2
    assert "No command 'create'. There are: add, list, remove, rotate." in said.err


def test_a_missing_file_is_made_where_it_was_looked_for(site: Path) -> None:
    said = mvsnap(site, "--config", "other site.yaml", "check")
    assert said.code == 1
    assert "mvsnap --config 'other site.yaml' init" in said.err


def test_several_wrong_cameras_are_named_together(site: Path) -> None:
    said = mvsnap(site, "snapshot", "Gate Nort", "Q2", "Hall 2", "--no-post")
    assert said.code == 2
    for name in ("Gate North", "'Q2'", "Hall 1"):
        assert name in said.err


def test_a_camera_is_found_by_its_name(site: Path) -> None:
    by_name = mvsnap(site, "events", "--camera", "gate  NORTH", "--json")
    by_serial = mvsnap(site, "events", "--camera", GATE.lower(), "--json")
    assert (by_name.code, by_name.out) == (0, by_serial.out)
    assert len(json.loads(by_name.out)) > 1
    twice = mvsnap(site, "events", "--camera", "Hall 1")
    assert twice.code == 2
    assert f"2 cameras are called 'Hall 1': use one of the serials {DOOR}" in twice.err


@pytest.mark.parametrize("width", [1, 7, 20, 40])
@pytest.mark.parametrize(
    "line",
    [
        "ok   database    a long sentence that says what there is to say about it",
        "  two blanks before a long sentence that goes on below itself",
        "a https://gateway.example/a/long/link and   gaps    between the words",
        "    ",
        "鍵 王 " * 20,
    ],
)
def test_folding_keeps_every_word(line: str, width: int) -> None:
    folded = fold(Text(line), width)
    assert folded.plain.split() == line.split()
    for part in folded.split("\n"):
        assert part.cell_len <= width or len(part.plain.split()) <= 1


def test_csv_at_a_terminal_has_no_signs_that_act(site: Path) -> None:
    shown = in_terminal(site, "events", "--csv", columns=400).out
    assert "\\x" not in shown
    assert shown.splitlines() == mvsnap(site, "events", "--csv").out.splitlines()


def test_a_backup_is_restored_with_the_time_of_the_site(
    site: Path, tmp_path: Path
) -> None:
    wrong = mvsnap(site, "backup", str(tmp_path / "none" / "x.tar"))
    assert wrong.err == (
        f"{tmp_path}/none/x.tar cannot be written: No such file or directory\n"
    )
    assert mvsnap(site, "backup", str(tmp_path / "x.tar")).code == 0
    # Elsewhere: what the other tests list must stay as it is.
    elsewhere = {"MVSNAP_DATA_DIR": str(tmp_path / "data")}
    said = mvsnap(site, "restore", str(tmp_path / "x.tar"), "--yes", **elsewhere)
    assert said.code == 0, said.err
    assert re.search(r"there at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d -03\.", said.out)
