"""A channel that mvsnap does not have: pages are lines of a file.

`trouble` beside it says what happens to the next page:
  away     it cannot be reached, once
  refused  it takes no page, from now on
  file     it takes no file
  silent   the page arrives, its answer never does
  kill     the page arrives, and the machine loses its power
"""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

from mvsnap.delivery.channel import ChannelKind, FileLimits, OutgoingMessage
from mvsnap.domain import MessageId
from mvsnap.errors import UpstreamError


def _folder() -> Path | None:
    name = os.environ.get("PAGER_FOLDER")
    return Path(name) if name else None


@dataclass(frozen=True)
class PagerSettings:
    """As a section of the settings would say; folder: None without a pager."""

    folder: Path | None = field(default_factory=_folder)


class Pager:
    limits = FileLimits(picture_bytes=50_000, clip_bytes=10_000)

    def __init__(self, folder: Path) -> None:
        self._pages = folder / "pages"
        self._trouble = folder / "trouble"

    def post(self, message: OutgoingMessage) -> MessageId:
        trouble = self._next_trouble()
        if trouble == "away":
            raise UpstreamError("The pager cannot be reached", retry=True)
        text = message.begin_sending()
        if trouble == "refused" or (trouble == "file" and message.file):
            raise UpstreamError("The pager takes no such page", retry=False)
        page_id = MessageId(f"page {os.urandom(4).hex()}")
        self._write(page_id, text, message)
        if trouble == "silent":
            raise UpstreamError("No answer", retry=True, unsure=True)
        if trouble == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return page_id

    def _next_trouble(self) -> str:
        if not self._trouble.exists():
            return ""
        trouble = self._trouble.read_text()
        if trouble != "refused":
            self._trouble.unlink()
        return trouble

    def _write(self, page_id: MessageId, text: str, message: OutgoingMessage) -> None:
        page = {
            "id": page_id,
            "room": message.room,
            "kind": message.kind,
            "text": text,
            "parent": message.parent_id,
            "file": message.file.stat().st_size if message.file else None,
        }
        with self._pages.open("a") as file:
            file.write(json.dumps(page) + "\n")


def _open(settings: PagerSettings) -> Pager | None:
    return Pager(settings.folder) if settings.folder else None


CHANNEL = ChannelKind("pager", PagerSettings, _open)
