"""What a person sees at the terminal: no word, link, path or id is cut at its edge.

Colours, bars and line breaks are for a terminal alone; a pipe or file gets neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from rich.cells import cell_len
from rich.console import (
    Console,
    ConsoleDimensions,
    ConsoleOptions,
    RenderableType,
)
from rich.progress import Progress, ProgressColumn
from rich.segment import Segment
from rich.status import Status
from rich.text import Text

from mvsnap.cli.usage import visible

# What a line says of something begins after the last gap before this column.
_MAX_INDENT = 26
_WORD = re.compile(r"\S+")
# A pipe has no width: what a program reads must not be cut or folded.
_ENDLESS = ConsoleDimensions(1000, 25)


class Terminal(Console):
    """Breaks lines between words, and goes on below the column in which they stand."""

    @property  # type: ignore[misc]  # nobody sets it
    def size(self) -> ConsoleDimensions:
        return super().size if self.is_terminal else _ENDLESS

    def print(self, *objects: Any, **options: Any) -> None:
        if len(objects) == 1 and isinstance(objects[0], str | Text):
            objects = (self._folded(objects[0], options),)
        super().print(*objects, **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render it so that no name in it controls the terminal."""
        for part in super().render(renderable, options):
            yield part if part.control else part._replace(text=visible(part.text))

    def status(self, *args: Any, **options: Any) -> Status:
        if not self.encoding.startswith("utf"):
            options["spinner"] = "line"  # the usual one is not ASCII
        return super().status(*args, **options)

    def _folded(self, said: str | Text, options: dict[str, Any]) -> str | Text:
        whole = options.pop("whole", False)
        if whole or not self.is_terminal:
            return said
        if isinstance(said, str):
            said = self.render_str(visible(said), markup=options.get("markup", True))
        lines = (fold(line, self.width) for line in said.split("\n", allow_blank=True))
        return Text("\n").join(lines)


def fold(line: Text, width: int) -> Text:
    """Return the line in as many as it takes; only one word may be too long."""
    if line.cell_len <= width:
        return line
    indent = _indent(line.plain)
    if indent > width // 2:
        indent = 0
    head, rest = line[:indent], line[indent:]
    # What goes on must not look like the next line of a list.
    below = indent + 2 if indent and not head.plain.strip() else indent
    parts = list(rest.divide(_breaks(rest.plain, width - below)))
    for part in parts:
        part.rstrip()
    # An id or a link that is too long for the column has a line for itself.
    made = [head + parts[0]] if parts[0].cell_len + indent <= width else []
    if not made:
        head.rstrip()
        made = [head, parts[0]] if head else [parts[0]]
    space = Text(" " * below)
    for part in parts[1:]:
        made.append(space + part if part.cell_len + below <= width else part)
    return Text("\n").join(made)


def _breaks(plain: str, width: int) -> list[int]:
    """Return where lines end so that none is wider, but for one of a single word."""
    found, begin = [], 0
    for word in _WORD.finditer(plain):
        if word.start() > begin and cell_len(plain[begin : word.end()]) > width:
            begin = word.start()
            found.append(begin)
    return found


def continued(*words: str) -> str:
    """Return a command that can be copied from the terminal, indented by two."""
    whole = " ".join(words)
    fits = cell_len(whole) + 2 <= console("out").width
    return whole if fits else " \\\n    ".join(words)


def progress_bars(*columns: str | ProgressColumn, transient: bool = False) -> Progress:
    """Return a progress bar on stderr, which nothing but a terminal shows."""
    shown = console("err")
    disable = not shown.is_terminal
    return Progress(*columns, console=shown, transient=transient, disable=disable)


@cache
def console(name: str) -> Terminal:
    """name: out or err."""
    return Terminal(stderr=name == "err", highlight=False, soft_wrap=True, emoji=False)


def _indent(plain: str) -> int:
    gap = plain.rfind("  ", 0, _MAX_INDENT)
    return gap + 2 if gap >= 0 else 0
