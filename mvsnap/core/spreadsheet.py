"""Cells that have been through a spreadsheet, which changes what it takes for a number.

Pure. What is whole is unwrapped; what has lost something is refused, since two people
would become one.
"""

from __future__ import annotations

import re

from mvsnap.errors import BadInput
from mvsnap.texts import file_wordings as said

# A spreadsheet keeps so many digits of a number, and writes zeros for the others.
_KEPT_DIGITS = 15
_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
_APOSTROPHE = re.compile(r"['’](?=[\d=+\-@])")
# Some programs quote once more than the file's format asks for.
_QUOTED = re.compile(r"\"(?!=)([^\"]+)\"|'([^']+)'")
# Copied from a web page or a chat, they are part of no number.
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
# An error has a name in each language, and one of these shapes in all of them.
_ERROR = re.compile(
    r"#{2,}|#[¡¿]?[^\W\d_][\w /.]*[!?]|#[^\W\d_]/[^\W\d_]( .*)?|#(NV|GETTING_DATA)"
    # LibreOffice's, and the codes that programs read for Excel's.
    r"|Err:\d{3}|-21468262\d\d",
    re.I,
)
# Spreadsheets write a sign, Java none; 12E5 may be a number of its own.
_SCIENTIFIC = re.compile(
    r"[+-]?\d([.,]\d+)?E[+-]\d{2,3}|[+-]?\d[.,]\d+E\d{1,3}", re.I | re.ASCII
)
_WITH_ZEROS = re.compile(r"(\d+)[.,]0+", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}([.,'’ ])\d{3}(\1\d{3})*([.,]0+)?", re.ASCII)
_MONTH = r"(jan|feb|mar|mär|mrz|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)\.?"
_DATE = re.compile(
    rf"\d{{1,2}}[-. ]{{1,2}}{_MONTH}([-. ]{{1,2}}\d{{2,4}})?|{_MONTH}[-. ]\d{{2,4}}"
    r"|\d{1,2}[./]\d{1,2}[./]\d{4}|\d{4}-\d\d-\d\d( 00:00(:00)?)?",
    re.I | re.ASCII,
)
_NOTHING = frozenset(("nan", "null", "none", "nil", "n/a", "undefined"))
_BOOLEANS = frozenset(("true", "false", "wahr", "falsch", "vrai", "faux"))


def text_of(name: str, cell: str) -> str:
    """Return the text of a cell.

    Raises:
        BadInput: it is an error of the spreadsheet, or has lost characters on the way.
    """
    text = _unwrapped(cell)
    if _ERROR.fullmatch(text):
        raise BadInput(said.CELL_CUT(name=name, value=_shown(cell)))
    if "\ufffd" in text:
        raise BadInput(said.LOST_CHARACTER(name=name, value=_shown(cell)))
    return text


def number_of(name: str, cell: str) -> str:
    """Return the number of a badge or a person, not always of digits alone.

    Raises:
        BadInput: a spreadsheet has cut it, or made another value of it.
    """
    text = text_of(name, cell).translate(_UNSEEN).strip()
    if _SCIENTIFIC.fullmatch(text):
        raise cut(name, cell)
    if text.casefold() in _NOTHING:
        raise BadInput(said.STANDS_FOR_NOTHING(name=name, value=_shown(cell)))
    if is_text(cell):
        return text
    if text.casefold() in _BOOLEANS or _DATE.fullmatch(text):
        raise BadInput(said.WAS_ANOTHER(name=name, value=_shown(cell)))
    if _GROUPED.fullmatch(" ".join(text.split())):
        raise BadInput(said.SEPARATED(name=name, value=_shown(cell)))
    if match := _WITH_ZEROS.fullmatch(text):
        if len(match[1]) > _KEPT_DIGITS:
            raise cut(name, cell)
        return match[1]
    return text


def is_text(cell: str) -> bool:
    """Return whether the cell says itself that it is a text."""
    return _unwrapped(cell) != cell.strip()


def is_long(number: str) -> bool:
    """Return whether a spreadsheet would cut this number."""
    return number.isascii() and number.isdigit() and len(number) > _KEPT_DIGITS


def may_be_cut(number: str) -> bool:
    """Return whether this may be what a spreadsheet left of a long number."""
    return is_long(number) and not number[_KEPT_DIGITS:].strip("0")


def cut(name: str, cell: str) -> BadInput:
    """Return the mistake of a number that a spreadsheet has cut."""
    return BadInput(said.NUMBER_CUT(name=name, value=_shown(cell)))


def _unwrapped(cell: str) -> str:
    text = cell.strip()
    if match := _FORMULA.fullmatch(text):
        return match[1].replace('""', '"').strip()
    if match := _QUOTED.fullmatch(text):
        return (match[1] or match[2]).strip()
    return _APOSTROPHE.sub("", text, count=1) if text.startswith(("'", "’")) else text


def _shown(cell: str) -> str:
    return repr(cell[:40])
