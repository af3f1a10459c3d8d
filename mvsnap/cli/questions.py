"""The prompts of `init`: hidden secrets, and numbered lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

import click
from rich.markup import escape

from mvsnap.cli.refused import refused
from mvsnap.cli.terminal import err, out
from mvsnap.cli.usage import WholeNumber, did_you_mean
from mvsnap.errors import UpstreamError

T = TypeVar("T")


def ask_secret(
    what: str, attempt: Callable[[str], T], *, known: bool = False, again: str = ""
) -> tuple[str, T | None]:
    """Ask until the service accepts it; an empty answer skips the service.

    known: the settings have one already, which is then kept.
    again: the one they have, if the questions after it are to be asked in any case.
    """
    while True:
        secret = ask_invisible(what, "to keep" if known else "to skip") or again
        if not secret:
            return "", None
        try:
            return secret, attempt(secret)
        except UpstreamError as exc:
            bad(refused(exc))


def ask_invisible(what: str, empty: str) -> str:
    """Ask for a hidden text; `empty` is the meaning of an empty answer."""
    answer: str = click.prompt(
        f"{what} (hidden; Enter {empty})",
        default="",
        hide_input=True,
        show_default=False,
    )
    return answer.strip()


def ask_text(what: str, empty: str) -> str:
    """Ask for a text; `empty` is the meaning of an empty answer."""
    answer: str = click.prompt(f"{what} (Enter {empty})", "", show_default=False)
    return answer.strip()


def time_zone(text: str) -> str:
    """Return the name of a time zone; for click, which asks again."""
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as exc:
        near = did_you_mean(text, sorted(available_timezones()))
        hint = f".{near}" if near else ""
        raise click.BadParameter(
            f"expected a time zone like Europe/Berlin{hint}"
        ) from exc
    return text


def ok(message: str) -> None:
    out.print(f"[green]ok[/green]   {escape(message)}")


def bad(message: str) -> None:
    err.print(f"[red]bad[/red]  {escape(message)}")


def choose(
    what: str,
    items: Sequence[T],
    label: Callable[[T], str],
    *,
    optional: bool = False,
) -> T | None:
    """Let the person choose from a numbered list; a single entry is chosen at once."""
    if not items:
        out.print(f"No {what} found.")
        return None
    if len(items) == 1 and not optional:
        out.print(f"The only {what}: {escape(label(items[0]))}")
        return items[0]
    if optional:
        out.print(f"    0  all {what}s")
    _list(items, label)
    numbers = WholeNumber(0 if optional else 1, len(items))
    number = click.prompt(f"Which {what}?", type=numbers, default=0 if optional else 1)
    return items[number - 1] if number else None


def choose_some(
    question: str,
    items: Sequence[T],
    label: Callable[[T], str],
    *,
    default: str,
) -> list[T]:
    """Let the person choose several from a numbered list: numbers, `all` or `none`."""
    _list(items, label)

    def picked(text: str) -> list[T]:
        word = text.strip().lower()
        if word in ("all", "none"):
            return list(items) if word == "all" else []
        try:
            numbers = [int(part) for part in text.replace(",", " ").split()]
        except ValueError:
            numbers = [0]
        if not numbers or not all(1 <= number <= len(items) for number in numbers):
            raise click.BadParameter(
                f"expected numbers from 1 to {len(items)}, all or none"
            )
        return [items[number - 1] for number in dict.fromkeys(numbers)]

    chosen: list[T] = click.prompt(question, default=default, value_proc=picked)
    return chosen


def _list(items: Sequence[T], label: Callable[[T], str]) -> None:
    for number, item in enumerate(items, start=1):
        out.print(f"  {number:>3}  {escape(label(item))}")
