"""`record`: a clip now, as if a webhook had called."""

from __future__ import annotations

import logging
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from mvsnap.cli.terminal import (
    config_option,
    fail,
    load_settings,
    open_parts,
    out,
    storage_errors,
    with_pages,
)
from mvsnap.cli.usage import Number, as_called, did_you_mean
from mvsnap.clip_model import Clip, ClipState
from mvsnap.core import clip_text
from mvsnap.core.days import lasting
from mvsnap.domain import CameraName
from mvsnap.errors import EvidenceAway

if TYPE_CHECKING:
    from mvsnap.config.model import Settings
    from mvsnap.runtime import Parts


@config_option
@click.command()
@click.argument("camera")
@click.option(
    "--duration",
    type=Number(0, min_open=True),
    metavar="S",
    help="Seconds to record from now; default: post_roll_s of the camera.",
)
@click.option(
    "--pre-roll",
    type=Number(0),
    metavar="S",
    help="Seconds before now, if the service is running; default: pre_roll_s.",
)
@click.option(
    "--out",
    "copy",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also copy the MP4 to this file.",
)
@click.option("--force", is_flag=True, help="Let --out overwrite a file.")
@click.option(
    "--room",
    "rooms",
    multiple=True,
    help="Also post it to this channel or room: title, id, e-mail or name; "
    "may be repeated.",
)
@click.pass_context
def record(
    ctx: click.Context,
    camera: str,
    duration: float | None,
    pre_roll: float | None,
    copy: Path | None,
    force: bool,
    rooms: tuple[str, ...],
) -> None:
    """Record CAMERA (a name in recorder.cameras) now, including the pre-roll.

    The running service does the recording. If it is not running, this command records
    directly, without a pre-roll.
    """
    from mvsnap.cli.record_ways import RecordOptions, record_clip, undelivered

    settings = load_settings(ctx, level=logging.CRITICAL)
    held = with_pages(settings)
    name = _camera(held, camera)
    asked = RecordOptions(name, pre_roll, duration, rooms)
    _check(held, asked.length_s(held), copy, rooms, force=force)
    parts = open_parts(settings)
    with storage_errors(settings):
        clip = record_clip(parts, asked)
        _report(parts, clip)
        if clip.state is not ClipState.READY:
            raise SystemExit(1)
        if copy is not None:
            _copy(parts, clip, copy, force=force)
        if error := undelivered(parts, clip):
            fail(f"Not posted to {', '.join(rooms)}: {error}")


def _camera(settings: Settings, text: str) -> CameraName:
    names = list(settings.recorder.cameras)
    if not names:
        fail("recorder.cameras is empty. See `recorder` in config/mvsnap.sample.yaml.")
    found = settings.recorder.named(text)
    if found is None:
        folded = {name.casefold(): name for name in names}
        found = folded.get(text.casefold())
    if found is None:
        hint = did_you_mean(text, names) or f" There are: {', '.join(names)}."
        raise click.UsageError(f"No camera {text[:80]!r} in recorder.cameras.{hint}")
    return CameraName(found)


def _check(
    settings: Settings,
    length_s: float,
    copy: Path | None,
    rooms: tuple[str, ...],
    *,
    force: bool,
) -> None:
    most_s = settings.recorder.max_clip_s
    if not 0 < length_s <= most_s:  # not a number is neither
        raise click.UsageError(
            f"A clip of {length_s:g} s: expected at most {most_s:g} s before and "
            "after together (recorder.max_clip_s)"
        )
    if copy is not None and not copy.parent.is_dir():
        raise click.UsageError(f"--out: no such folder: {copy.parent}")
    if copy is not None and copy.exists() and not force:
        raise click.UsageError(f"--out: {copy} already exists (--force overwrites it)")
    if not all(map(settings.recipients.takes, rooms)):
        fail(f"--room: webex.bot_token is not set. Run: {as_called('init')}")


def _report(parts: Parts, clip: Clip) -> None:
    out.print(f"[bold]{escape(clip.camera)}[/bold]")
    with suppress(EvidenceAway):  # it was recorded, on another machine
        if path := parts.files.clip(clip):
            out.print(f"  clip      {escape(str(path))}")
    if clip.began_at is not None and clip.ended_at is not None:
        whole_s = clip_text.whole_seconds(clip.before_s, clip_text.length_s(clip))
        before_s, _, length_s = whole_s
        before = f"{lasting(before_s)} before" if clip.before_s else "no pre-roll"
        out.print(f"  length    {lasting(length_s)}, {before}")
        out.print(f"  size      {clip_text.size(clip.size_bytes)}")
    missing_s = sum((g.ended_at - g.began_at).total_seconds() for g in clip.gaps)
    if missing_s:
        out.print(f"  [yellow]missing   {missing_s:.1f} s without video[/yellow]")
    if clip.note:
        out.print(f"  note      {escape(clip.note)}")
    if clip.error:
        out.print(f"  [red]{escape(clip.error)}[/red]")


def _copy(parts: Parts, clip: Clip, copy: Path, *, force: bool) -> None:
    path = parts.files.clip(clip)
    assert path is not None
    try:
        with path.open("rb") as video, copy.open("wb" if force else "xb") as file:
            shutil.copyfileobj(video, file)
    except FileExistsError:
        fail(f"--out: {copy} has just been created; the clip is at {path}")
    except OSError as exc:
        fail(f"--out: {copy} cannot be written: {exc.strerror}; the clip is at {path}")
    out.print(f"  copied to {escape(str(copy))}")
