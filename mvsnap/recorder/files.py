"""Files: names that no sender can abuse, and private folders."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

_LONGEST = 40


def slug(text: str) -> str:
    """Return a name of `[a-z0-9-]`, at most 40; different texts never get the same.

    A text that is such a name already stays as it is.
    """
    if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text) and len(text) <= _LONGEST:
        return text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[: _LONGEST - 9]
    return f"{words.strip('-') or 'x'}-{digest(text)[:8]}"


def digest(*texts: str) -> str:
    """Return 20 hexadecimal digits that stand for the texts."""
    whole = "\0".join(texts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(whole).hexdigest()[:20]


def clip_path(
    videos: Path, camera: str, name: str, at: datetime, made_by: str = ""
) -> Path:
    """Return the path of a clip: by time and camera, made unique by its name's digest.

    Example: `front-door/2026/11/21/20261121T150230Z_front-door_1f3870be27.mp4`
    """
    at = at.astimezone(UTC)
    where = slug(camera)
    words = (f"{at:%Y%m%dT%H%M%SZ}", where, made_by, clip_digest(camera, name))
    stem = "_".join(filter(None, words))
    return videos / where / f"{at:%Y/%m/%d}" / f"{stem}.mp4"


def clip_digest(camera: str, name: str) -> str:
    """Return the end of the stem of a clip's file, after a `_`."""
    return digest(camera, name)[:10]


def own_folder(folder: Path) -> None:
    """Create a folder for this user alone, even where everyone may create one.

    Raises:
        OSError: it cannot be created, is a link, or belongs to somebody else.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    about = folder.lstat()
    if about.st_uid != os.getuid() or not stat.S_ISDIR(about.st_mode):
        raise PermissionError(f"{folder} is not ours")
    folder.chmod(0o700)


def free_bytes(folder: Path) -> int:
    """Return the space available to us on the disk of `folder`."""
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize


def remove_tree(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
