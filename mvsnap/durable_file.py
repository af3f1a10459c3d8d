"""Files that appear complete, and survive a power cut.

Our own: `atomicwrites` is abandoned by its author, and `safer` never syncs the folder,
without which a name may be lost although the content is safe.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write(
    path: Path, content: bytes, *, mode: int = 0o666, overwrite: bool = True
) -> None:
    """Write a complete file, and its folder if there is none.

    mode: as for `open`, so less the umask; also of a file that existed before. Where
    root replaces one, it stays its owner's.

    Raises:
        FileExistsError: it exists, without `overwrite`; nothing is changed.
        OSError: it cannot be written; nothing is changed, and nothing left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two may write the same file at once: each has its own temporary file.
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(opened, "wb") as file:
            file.write(content)
            if overwrite:
                _keep_owner(path, opened)
        publish(part, path, overwrite=overwrite)
    finally:
        part.unlink(missing_ok=True)


def publish(part: Path, path: Path, *, overwrite: bool = False) -> None:
    """Rename a finished file in the same folder to its final name.

    Raises:
        FileExistsError: the name is in use, without `overwrite`; nothing is changed.
    """
    with part.open("rb") as file:
        os.fsync(file.fileno())
    if overwrite:
        part.replace(path)
    else:
        _link(part, path)
    sync_folder(path.parent)


def append(path: Path, content: bytes) -> None:
    """Append to a file, either everything or, on a full disk, nothing."""
    with path.open("ab", buffering=0) as file:
        size = file.tell()
        left = memoryview(content)
        try:
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            os.ftruncate(file.fileno(), size)
            raise


def sync_folder(folder: Path) -> None:
    """Make added or removed names in it durable."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _keep_owner(path: Path, opened: int) -> None:
    if os.geteuid() == 0 and path.exists():
        before = path.stat()
        os.fchown(opened, before.st_uid, before.st_gid)


def _link(part: Path, path: Path) -> None:
    try:
        os.link(part, path)
        part.unlink()
    except (PermissionError, NotImplementedError):  # a file system without links
        if path.exists():
            raise FileExistsError(str(path)) from None
        part.replace(path)
