"""The documentation: every link leads somewhere, every command exists."""

from __future__ import annotations

import functools
import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mvsnap.cli import main

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
PAGES = sorted(
    [ROOT / name for name in TOP if (ROOT / name).exists()]
    + [ROOT / "mvsnap/README.md", *DOCS.rglob("*.md")]
)
by_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: str(page.relative_to(ROOT))
)


def tokens(text: str) -> list[Token]:
    """Return the Markdown's tokens, those inside of a paragraph among them."""
    found = []
    for token in MarkdownIt().enable("table").parse(text):
        found += [token, *(token.children or [])]
    return found


# --- Links ----------------------------------------------------------------------------


def links(text: str) -> list[str]:
    """Return where its links and pictures lead; not what is an address elsewhere."""
    found = [str(t.attrs.get("href") or t.attrs.get("src", "")) for t in tokens(text)]
    return [link for link in found if link and not re.match(r"[a-z]+:", link)]


def anchors(text: str) -> list[str]:
    """Return the anchors of its headings, as GitHub and the site name them."""
    found = tokens(text)
    titles = [
        "".join(part.content for part in found[index + 1].children or [])
        for index, token in enumerate(found)
        if token.type == "heading_open"
    ]
    plain = [re.sub(r"[^\w\s-]", "", title).strip().lower() for title in titles]
    return [re.sub(r"\s", "-", title) for title in plain]


def broken_links(page: Path, text: str) -> list[str]:
    broken = []
    for link in links(text):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            broken.append(link)
        elif anchor:
            shown = text if target == page else target.read_text(encoding="utf-8")
            broken += [] if anchor in anchors(shown) else [link]
    return broken


@by_page
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text(encoding="utf-8")) == []


@by_page
def test_the_headings_of_a_page_differ(page: Path) -> None:
    if page.name != "CHANGELOG.md":  # "Added" comes with every version
        found = anchors(page.read_text(encoding="utf-8"))
        assert len(found) == len(set(found))


@pytest.mark.parametrize(
    "link", ["nothing.md", "docs/cli.md#nothing", "#nothing", "docs/nothing.png"]
)
def test_control_a_broken_link_is_found(link: str) -> None:
    assert broken_links(ROOT / "README.md", f"# A\n\n[x]({link})\n") == [link]
    assert broken_links(ROOT / "README.md", f"# A\n\n![x]({link})\n") == [link]


def test_control_a_link_to_a_heading_is_found() -> None:
    text = "# A `b` c\n\n[x](#a-b-c), [y](docs/cli.md#init), [z](https://example.org)\n"
    assert links(text) == ["#a-b-c", "docs/cli.md#init"]
    assert broken_links(ROOT / "README.md", text) == []


def test_the_readme_stays_short() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150


def test_every_page_can_be_found_from_the_menu() -> None:
    menu = str(tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"])
    index = DOCS / "decisions/index.md"
    records = set(links(index.read_text(encoding="utf-8")))
    for page in DOCS.rglob("*.md"):
        name = str(page.relative_to(DOCS))
        assert f"'{name}'" in menu or page.name in records, name


# --- Commands -------------------------------------------------------------------------


def commands(text: str) -> list[list[str]]:
    """Return the commands of this project that the text shows, split into words."""
    shown: list[str] = []
    for token in tokens(text):
        if token.type == "fence" and token.info in {"", "sh", "console"}:
            shown += token.content.replace("\\\n", " ").splitlines()
        elif token.type == "code_inline":
            shown.append(token.content)
    found = [_command(part) for line in shown for part in re.split(r"&&|[;|]", line)]
    return [words for words in found if words]


def _command(line: str) -> list[str]:
    """Return its words from `mvsnap`, `python -m mvsnap...` or `make` on, if any."""
    # In a synopsis, brackets stand around what may be left out.
    plain = re.sub(r"[\[\]]|\.\.\.", " ", line)
    try:
        words = shlex.split(plain, comments=True)
    except ValueError:  # a single quote: no command
        return []
    while words and re.fullmatch(r"\$|sudo|-u|mvsnap:?|[A-Z_]+=.*", words[0]):
        if words[0] == "mvsnap" and (len(words) < 2 or words[1][0] not in "./p"):
            break  # the command, not the user behind `sudo -u`
        words = words[1:]
    if not words:
        return []
    program = words[0].rpartition("/")[2]
    if program in {"mvsnap", "make"}:
        return [program, *words[1:]] if words[1:] else []
    if program.startswith("python") and words[1:2] == ["-m"]:
        module = words[2] if words[2:] else ""
        return words[2:] if module.split(".")[0] == "mvsnap" else []
    return []


def mistake(words: list[str]) -> str:
    """Return what is wrong with a command, "" when it exists as it is shown."""
    program, *args = words
    if program == "make":
        return _make_mistake(args)
    if program == "mvsnap":
        return _click_mistake(args)
    if importlib.util.find_spec(program) is None:
        return f"no module {program}"
    wanted = [arg for arg in args if arg.startswith("-")]
    known = _help_of(program) if wanted else ""
    return next((f"{program} {arg}" for arg in wanted if arg not in known), "")


def _make_mistake(args: list[str]) -> str:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", text, re.MULTILINE))
    wanted = {arg for arg in args if "=" not in arg}
    return "".join(f"make {target}" for target in sorted(wanted - targets))


def _click_mistake(args: list[str]) -> str:
    command: click.Command = main
    context = click.Context(main)
    for arg in args:
        known = {opt for p in command.get_params(context) for opt in p.opts}
        if arg.startswith("-"):
            if arg not in known:
                return f"{command.name} {arg}"
        elif isinstance(command, click.Group):
            if arg == "COMMAND":
                return ""
            deeper = command.get_command(context, arg)
            if deeper is None and not arg.isupper():  # the value of --config
                return f"{command.name} {arg}"
            command = deeper or command
    is_group = isinstance(command, click.Group) and not command.invoke_without_command
    unfinished = is_group and command is not main
    return f"{command.name}: no command" if unfinished else ""


@functools.cache
def _help_of(module: str) -> str:
    words = [sys.executable, "-m", module, "--help"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=True)
    return done.stdout


@by_page
def test_every_command_exists(page: Path) -> None:
    shown = commands(page.read_text(encoding="utf-8"))
    assert [found for found in map(mistake, shown) if found] == []


def test_the_commands_are_found() -> None:
    pages = (page.read_text(encoding="utf-8") for page in PAGES)
    shown = [" ".join(words) for text in pages for words in commands(text)]
    for known in ("make run", "make test", "mvsnap init", "mvsnap users add anna"):
        assert any(line.startswith(known) for line in shown), known
    assert any(line.startswith("mvsnap.simulator.") for line in shown)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sudo -u mvsnap .venv/bin/mvsnap check", ["mvsnap", "check"]),
        ("sudo -u mvsnap .venv/bin/python -m mvsnap check", ["mvsnap", "check"]),
        ("$ mvsnap init", ["mvsnap", "init"]),
        ("A=1 mvsnap serve --roles worker &", ["mvsnap", "serve"]),
        ("mvsnap snapshot [SERIAL]... [--at TIME]", ["mvsnap", "snapshot"]),
        ("cd x && make run # now", ["make", "run"]),
        ("sudo chown mvsnap: config/mvsnap.yaml", []),
        ("sudo install -o mvsnap -g mvsnap data", []),
    ],
)
def test_control_what_is_a_command(line: str, words: list[str]) -> None:
    shown = commands(f"```\n{line}\n```\n")
    assert [found[:2] for found in shown] == ([words] if words else [])


@pytest.mark.parametrize(
    "line",
    [
        "mvsnap nothing",
        "mvsnap users nothing",
        "mvsnap users",
        "mvsnap --nothing",
        "mvsnap check --nothing",
        "python -m mvsnap nothing",
        "python -m mvsnap.nothing",
        "make nothing",
    ],
)
def test_control_a_command_that_does_not_exist_is_found(line: str) -> None:
    assert [bool(mistake(words)) for words in commands(f"`{line}`")] == [True]
    assert [bool(mistake(words)) for words in commands(f"```\n{line}\n```")] == [True]


def quotes(text: str) -> list[str]:
    """Return the messages that the text quotes: in quotation marks, a sentence each."""
    blocks = [t.content for t in tokens(text) if t.type == "inline"]
    flat = [block.replace("\n", " ") for block in blocks]
    return [quote for s in flat for quote in re.findall(r'"([A-Z]\w+ [^"`]+)"', s)]


def test_every_message_that_is_quoted_is_one_of_the_program() -> None:
    pages = {page: page.read_text(encoding="utf-8") for page in PAGES}
    quoted = [quote for text in pages.values() for quote in quotes(text)]
    assert "No video of that minute" in quoted
    table = pages[DOCS / "troubleshooting.md"]
    quoted += re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)
    sources = [*(ROOT / "mvsnap").rglob("*.py"), *(ROOT / "templates").rglob("*.*")]
    program = "".join(path.read_text(encoding="utf-8") for path in sources)
    for message in quoted:
        # What stands before and behind a colon may come from two places.
        assert all(part in program for part in message.split(": ")), message


# --- Files ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "at_least"), [("CONTRIBUTING.md", 40), ("docs/security.md", 30)]
)
def test_the_files_that_a_page_names_exist(page: str, at_least: int) -> None:
    text = (ROOT / page).read_text("utf-8")
    named = set(
        re.findall(r"`((?:mvsnap|tests|templates|config|docs)/[\w./-]+)`", text)
    )
    real = {name for name in named if not re.search(r"NAME|NNNN", name)}
    assert len(real) > at_least
    assert [name for name in sorted(real) if not (ROOT / name).exists()] == []


def names_in_files(text: str) -> list[tuple[str, str]]:
    """Return what the text says to be in a module: `NAME` in (or of) `PATH`."""
    found = r"`([\w.]+)`[ \n]*(?:in |of |\()[ \n]*`((?:mvsnap|tests)/[\w/-]+\.py)`"
    return [(name.split(".")[-1], path) for name, path in re.findall(found, text)]


def missing_names(text: str) -> list[tuple[str, str]]:
    return [
        (name, path)
        for name, path in names_in_files(text)
        if not re.search(rf"\b{name}\b", (ROOT / path).read_text("utf-8"))
    ]


def test_what_a_recipe_names_is_in_the_file_it_names() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert len(names_in_files(text)) > 15
    assert missing_names(text) == []


def test_control_a_name_that_has_moved_is_found() -> None:
    text = "in `_reader`\n(`mvsnap/webhooks/parse.py`), `gone` of `mvsnap/loop.py`"
    assert missing_names(text) == [("gone", "mvsnap/loop.py")]
