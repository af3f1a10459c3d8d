"""The parts of a file as an object store numbers and verifies them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct


class FilePart(Struct, frozen=True):
    """A range of a file as the store numbers them; `number` from 1."""

    number: int
    content: bytes
    md5: bytes


class FileSum(Struct, frozen=True):
    """Properties of an object that is a complete copy; `etags`: one of them."""

    size_bytes: int
    etags: tuple[str, ...]


def numbered(number: int, content: bytes) -> FilePart:
    return FilePart(
        number, content, hashlib.md5(content, usedforsecurity=False).digest()
    )


def parts_of(path: Path, part_bytes: int) -> Iterator[FilePart]:
    """Yield the file part by part; an empty file is one empty part."""
    with path.open("rb") as file:
        number = 1
        while (content := file.read(part_bytes)) or number == 1:
            yield numbered(number, content)
            number += 1


def sum_of(parts: Iterator[FilePart]) -> FileSum:
    """Return the store's checksums of an object uploaded in these parts."""
    size, md5s = 0, []
    for part in parts:
        size += len(part.content)
        md5s.append(part.md5)
    if len(md5s) == 1:
        return FileSum(size, (md5s[0].hex(),))
    whole = hashlib.md5(b"".join(md5s), usedforsecurity=False).hexdigest()
    return FileSum(size, (f"{whole}-{len(md5s)}",))


def plain(etag: str) -> str:
    """Return an ETag as MD5 in hex would be written."""
    return etag.strip('"').lower()


def base64_of(md5: bytes) -> str:
    return base64.b64encode(md5).decode()
