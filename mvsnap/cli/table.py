"""Lists at the terminal: a table where its columns fit, else a block for each row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import tzinfo

from rich import box
from rich.cells import cell_len
from rich.table import Column, Table
from rich.text import Text

from mvsnap.cli.console import Terminal, console
from mvsnap.cli.usage import visible

NOTHING = "-"
_GAP = 2
# A column of words can be read as long as it is not narrower.
_NARROWEST, _LONGEST_WORD = 14, 20


def print_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    *,
    whole: Collection[str] = (),
    time: str = "",
    zone: tzinfo | None = None,
) -> None:
    """Print rows with a heading; a cell in which nothing is has a "-".

    A column that is empty in every row is left out.

    Args:
        whole: headings whose column is never folded, such as those of ids.
        time: the heading that names `zone`, of which all times are; it is whole, too.
    """
    out = console("out")
    used = [at for at in range(len(headings)) if any(row[at] for row in rows)]
    cells = [[_cell(row[at]) for at in used] for row in rows]
    fixed = {at for at, of in enumerate(used) if headings[of] in {*whole, time}}
    named = [headings[at] for at in used]
    of_zone = f" ({zone})" if zone and time in named else ""
    spelled = [f"{name}{of_zone}" if name == time else name for name in named]
    widths = _widths(spelled, cells, fixed, out.width if out.is_terminal else None)
    if widths is None:
        _print_blocks(out, named, cells, of_zone and f"Times are of {zone}.")
        return
    columns = [
        Column(name, width=width, overflow="fold")
        for name, width in zip(spelled, widths, strict=True)
    ]
    table = Table(
        *columns,
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for row in cells:
        table.add_row(*row)
    out.print(table)


def _cell(value: str | Text) -> Text:
    return Text(visible(value) or NOTHING) if isinstance(value, str) else value


def _widths(
    headings: Sequence[str],
    rows: Sequence[Sequence[Text]],
    fixed: Collection[int],
    edge: int | None,
) -> list[int] | None:
    """Return the widths of the columns, None if a screen is too narrow for them."""
    full, least = [], []
    for at, heading in enumerate(headings):
        texts = [heading, *(row[at].plain for row in rows)]
        lines = [line for text in texts for line in text.split("\n")]
        full.append(max(map(cell_len, lines)))
        longest = max(cell_len(word) for line in lines for word in line.split())
        needed = max(min(longest, _LONGEST_WORD), min(_NARROWEST, full[at]))
        least.append(full[at] if at in fixed else needed)
    gaps = _GAP * (len(headings) - 1)
    if edge is None or sum(full) + gaps <= edge:
        return full
    left = edge - gaps - sum(least)
    if left < 0:
        return None
    for _ in range(left):  # each to the narrowest column that lacks something
        lacking = [at for at in range(len(full)) if least[at] < full[at]]
        least[min(lacking, key=least.__getitem__)] += 1
    return least


def _print_blocks(
    out: Terminal, headings: Sequence[str], rows: Sequence[Sequence[Text]], note: str
) -> None:
    if note:
        out.print(f"{note}\n", markup=False)
    label = max(map(len, headings)) + _GAP
    for number, row in enumerate(rows):
        if number:
            out.print()
        for heading, cell in zip(headings, row, strict=True):
            for line_number, line in enumerate(cell.split("\n")):
                name = "" if line_number else heading
                out.print(Text(name.ljust(label), style="bold") + line)
