"""`purge`: applies the retention now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from mvsnap.cli.terminal import (
    config_option,
    err,
    json_option,
    load_settings,
    open_parts,
    out,
    print_json,
    storage_errors,
)
from mvsnap.core.amounts import noun

# Files of a kind that are shown by their paths.
_NAMED = 20

if TYPE_CHECKING:
    from mvsnap.runtime import Parts
    from mvsnap.store.purging import PurgeResult


@config_option
@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would be removed.")
@json_option
@click.option(
    "--force",
    is_flag=True,
    help="List what goes, then also remove what otherwise stays, such as after a leap "
    "of the clock.",
)
@click.pass_context
def purge(ctx: click.Context, *, dry_run: bool, as_json: bool, force: bool) -> None:
    """Delete data past its retention (the service also does this by itself).

    Settings: storage.retention_days, storage.max_gb, scanning.keep_observations_days,
    scanning.keep_visits_days
    """
    settings = load_settings(ctx)
    parts = open_parts(settings)
    with storage_errors(settings), closing(parts.store):
        results = _purge(parts, dry_run=dry_run, force=force)
    if as_json:
        print_json([_plain(result, dry_run=dry_run) for result in results])
    else:
        _print(results, dry_run=dry_run)
    undone = [line for result in results for line in _undone(result)]
    for line in undone:
        err.print(line, markup=False)
    if undone:
        raise SystemExit(1)


def _print(results: list[PurgeResult], *, dry_run: bool) -> None:
    lines = [line for result in results for line in _lines(result, dry_run=dry_run)]
    for line in lines:
        out.print(line, markup=False)
    if dry_run:
        out.print("Dry run: nothing was removed.")


def _undone(result: PurgeResult) -> Iterator[str]:
    """Yield why what should go is still there, or may be."""
    if result.held:
        yield f"{result.name}: nothing was removed: {result.held}."
    if result.unseen:
        yield f"{result.name}: nobody could look: {result.unseen}."


def _plain(result: PurgeResult, *, dry_run: bool) -> dict[str, Any]:
    return {
        "name": result.name,
        "dry_run": dry_run,
        "removed": result.removed,
        "files": result.files,
        "freed_bytes": result.size_bytes,
        "left_bytes": result.left_bytes,
        "missing_files": result.lost,
        "held": result.held or None,
        "unseen": result.unseen or None,
    }


def _purge(parts: Parts, *, dry_run: bool, force: bool) -> list[PurgeResult]:
    from mvsnap.cli.console import progress_bars
    from mvsnap.runtime import cleaning
    from mvsnap.runtime.hand_over import hand_over
    from mvsnap.runtime.purge_guard import purge_guard

    guard, results = purge_guard(parts, waits=False), []
    bar = progress_bars(transient=True)
    with cleaning.record_of_jobs(parts.settings) as jobs, bar:
        kinds = [kind.as_asked_for(force=force) for kind in cleaning.kinds(parts, jobs)]
        if force and not dry_run:
            _say_first([kind.purge(dry_run=True) for kind in kinds])
        task = bar.add_task("", total=len(kinds))
        for kind in kinds:
            bar.update(task, description=kind.name)
            results.append(
                kind.purge(dry_run=True) if dry_run else guard.clean(kind, force=force)
            )
            bar.advance(task)
    handing_over = hand_over(parts)
    if handing_over is not None and not dry_run:
        while handing_over.step() == 0:  # what the service would do in a moment
            pass
        handing_over.close()
    return results


def _say_first(results: list[PurgeResult]) -> None:
    """Say what is about to be removed; apart from the answer, which may be JSON."""
    for line in (line for result in results for line in _lines(result, dry_run=True)):
        err.print(line, markup=False)


def _lines(result: PurgeResult, *, dry_run: bool) -> list[str]:
    """Return what to say of a kind: nothing where there was nothing to remove."""
    verb = "would be removed" if dry_run else "removed"
    said = f"{result.name}: {result.removed} {verb}"
    if result.held and not result.removed:
        return []
    if result.left_bytes is not None:
        freed, left = _gb(result.size_bytes), _gb(result.left_bytes)
        return [f"{said} ({freed} freed), {left} left."]
    lines = []
    if result.files:
        lines.append(f"{said}, with {result.files} {noun(result.files, 'picture')}.")
    elif result.removed:
        lines.append(f"{said}.")
    if result.lost:
        lines.append(f"Clips whose file is missing: {result.lost}.")
    if dry_run:
        lines += [f"  {path}" for path in result.paths[:_NAMED]]
        if (more := len(result.paths) - _NAMED) > 0:
            lines.append(f"  and {more} more")
    return lines


def _gb(size_bytes: int) -> str:
    return f"{round(size_bytes / 1e9, 3):g} GB"
