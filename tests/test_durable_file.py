"""Files appear whole; a full disk and a crash leave nothing half."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from mvsnap import durable_file


def names(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


def test_a_file_is_written_with_its_folder_and_takes_the_place_of_an_older_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a/b/file"
    durable_file.write(path, b"the first, which is longer")
    durable_file.write(path, b"second")
    assert path.read_bytes() == b"second"
    assert names(path.parent) == ["file"]


def test_a_file_that_must_be_new_leaves_the_one_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    durable_file.write(path, b"first", overwrite=False)
    with pytest.raises(FileExistsError):
        durable_file.write(path, b"second", overwrite=False)
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["file"]


def test_the_mode_is_that_of_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"readable by all")
    path.chmod(0o644)
    durable_file.write(path, b"x", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes for another account")
def test_what_root_replaces_stays_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "of-a-service"
    path.write_bytes(b"before")
    os.chown(path, 65534, 65533)
    durable_file.write(path, b"after", mode=0o600)
    found = path.stat()
    assert (path.read_bytes(), found.st_uid, found.st_gid) == (b"after", 65534, 65533)


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.mkdir()  # in the way
    with pytest.raises(OSError, match="file"):
        durable_file.write(path, b"x")
    assert names(tmp_path) == ["file"]


def test_many_that_write_the_same_file_leave_a_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = [bytes([n]) * 100_000 for n in range(8)]
    writers = [
        threading.Thread(target=durable_file.write, args=(path, content))
        for content in contents
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_bytes() in contents
    assert names(tmp_path) == ["file"]


def test_content_and_name_are_on_the_disk_in_this_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def noting(what: str, real: Callable[..., None]) -> Callable[..., None]:
        def call(*given: object) -> None:
            kind = what
            if what == "fsync":
                (opened,) = given
                assert isinstance(opened, int)
                is_folder = stat.S_ISDIR(os.fstat(opened).st_mode)
                kind = "fsync folder" if is_folder else "fsync file"
            done.append(kind)
            real(*given)

        return call

    for what in ("fsync", "replace", "link"):
        monkeypatch.setattr(os, what, noting(what, getattr(os, what)))
    durable_file.write(tmp_path / "one", b"x")
    durable_file.write(tmp_path / "two", b"x", overwrite=False)
    assert done[:2] == ["fsync file", "replace"]
    assert done[2:] == ["fsync folder", "fsync file", "link", "fsync folder"]


def test_a_finished_file_never_replaces_another(tmp_path: Path) -> None:
    new, old = tmp_path / "new.part", tmp_path / "clip.mp4"
    new.write_text("new")
    old.write_text("old")
    with pytest.raises(FileExistsError):
        durable_file.publish(new, old)
    assert old.read_text() == "old"


def test_a_file_system_without_links_gets_the_name_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise PermissionError("as FAT does")

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "clip.mp4"
    durable_file.write(path, b"first", overwrite=False)
    with pytest.raises(FileExistsError):
        durable_file.write(path, b"second", overwrite=False)
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["clip.mp4"]


def test_an_incomplete_append_is_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    durable_file.append(path, b"one ")
    durable_file.append(path, b"two ")

    def fail(_: int) -> NoReturn:
        raise OSError("full")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="full"):
            durable_file.append(path, b"three")
    assert path.read_bytes() == b"one two "
