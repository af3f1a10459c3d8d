"""The directory: read when it changed; photos from allowed hosts, and only images."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mvsnap.badges.directory import Cardholder
from mvsnap.badges.directory_store import DirectoryState
from mvsnap.simulator.directory import FakeDirectory, portrait_of
from mvsnap.simulator.server import serve
from tests.badges.crew import BadgeCrew


@pytest.fixture
def fake() -> FakeDirectory:
    return FakeDirectory()


@pytest.fixture
def url(fake: FakeDirectory) -> Iterator[str]:
    with serve(fake.app()) as origin:
        yield origin


def error(crew: BadgeCrew) -> str:
    state = crew.people.state()
    assert state is not None
    return state.error


def test_a_file_is_read_again_when_it_changed_only(
    crew: BadgeCrew, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("id,name\n4711,Anna\n")
    reader = crew.reader(str(file))
    reader.step()
    assert crew.people.user_ids("anna") == ["4711"]
    read_at = crew.people.state()
    crew.clock.sleep(60)
    reader.step()
    assert crew.people.state() == read_at
    file.write_bytes("id;name\n4711;Änne\n4712;Bert\n".encode("cp1252"))
    reader.step()
    reader.step()
    assert crew.people.user_ids("änne") == ["4711"]


def test_the_encoding_of_a_file_is_asked_for_or_given(
    crew: BadgeCrew, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes("id;name\n4711;Вера\n".encode("cp1251"))
    crew.reader(str(file)).step()
    assert "say which with badges.directory_encoding (" in error(crew)
    assert "cp1251: Вера" in error(crew)
    reader = crew.reader(str(file), encoding="windows-1251")
    reader.step()
    reader.step()
    assert (error(crew), crew.people.user_ids("вера")) == ("", ["4711"])


def test_a_name_is_found_in_any_spelling(crew: BadgeCrew, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("id,name\n4711,Ju\u0308rgen  Groß\n", encoding="utf-8")
    crew.reader(str(file)).step()
    for name in ("jürgen", "JU\u0308RGEN gross", "Jürgen\u00a0G"):
        assert crew.people.user_ids(name) == ["4711"]


def test_a_file_that_is_being_written_is_left_alone_meanwhile(
    crew: BadgeCrew, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("id,name\n4711,Anna\n4712,Bert\n")
    reader = crew.reader(str(file))
    reader.step()
    for written in ("id,name\n", "id,name\n4711,Anna\n"):
        file.write_text(written)
        reader.step()
        assert crew.people.user_ids("bert") == ["4712"]
    reader.step()
    assert crew.people.user_ids("bert") == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("people.json", b"{", "not JSON"),
        ("people.csv", b"a,b\n1,2\n", "no column for user_id and name"),
        ("people.csv", None, "people.csv: cannot be read: No such file"),
        ("people.csv", b"id,name\n", "no people (expected at least one)"),
        ("people.csv", b"id,name\n,A\n", "no people (expected at least one; 1"),
        ("people.json", b"[]", "no people"),
        ("people.json", b"{}", "no people"),
        ("people.json", b'{"people": []}', "no people"),
        ("people.json", b'{"error": {"message": "try later"}}', "no people"),
    ],
)
def test_a_broken_directory_says_so_and_the_last_good_one_stays(
    crew: BadgeCrew, tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    file = tmp_path / name
    good = (
        json.dumps([{"id": "1", "name": "Anna"}])
        if "json" in name
        else "id,name\n1,Anna\n"
    )
    file.write_text(good)
    reader = crew.reader(str(file))
    reader.step()
    assert error(crew) == ""
    file.unlink() if content is None else file.write_bytes(content)
    reader.step()
    reader.step()
    assert said in error(crew)
    assert crew.people.user_ids("anna") == ["1"]
    file.write_text(good + " \n")
    reader.step()
    reader.step()
    assert error(crew) == ""


def test_a_directory_removed_from_the_settings_is_forgotten(
    crew: BadgeCrew, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("id,name\n4711,Anna\n")
    crew.reader(str(file)).step()
    crew.reader(None).step()
    assert crew.people.user_ids("anna") == []
    assert crew.people.state() is None


def test_skipped_entries_are_reported(crew: BadgeCrew, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("id,name\n4711,Anna\n,Bert\n")
    crew.reader(str(file)).step()
    assert error(crew) == "1 entry left out; line 3: user_id: missing (expected text)"


def test_one_on_the_web_is_asked_now_and_then(
    crew: BadgeCrew, fake: FakeDirectory, url: str
) -> None:
    reader = crew.reader(f"{url}/people.json")
    for _ in range(3):
        reader.step()
    assert fake.asked == ["/people.json"]
    assert crew.people.user_ids("anna") == ["4711"]
    fake.broken = True
    crew.clock.sleep(timedelta(minutes=11).total_seconds())
    reader.step()
    assert error(crew) == "not JSON (expected a list of people)"
    assert crew.people.user_ids("anna") == ["4711"]


def test_one_on_the_web_is_written_when_it_changed_only(
    crew: BadgeCrew, fake: FakeDirectory, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    write = crew.people.replace

    def replace(state: DirectoryState, found: Iterable[Cardholder]) -> None:
        written.append(state.fingerprint)
        write(state, found)

    monkeypatch.setattr(crew.people, "replace", replace)
    reader = crew.reader(f"{url}/people.json")
    for broken in (False, False, True, False):
        fake.broken = broken
        crew.clock.sleep(timedelta(minutes=11).total_seconds())
        reader.step()
        state = crew.people.state()
        assert state is not None
        assert (state.read_at, bool(state.error)) == (crew.clock.now(), broken)
    assert (len(fake.asked), len(written)) == (4, 1)
    fake.photos["4711"] = "/photos/another.jpg"
    crew.clock.sleep(timedelta(minutes=11).total_seconds())
    reader.step()
    assert len(set(written)) == 2


def photo_of(crew: BadgeCrew, place: str, *hosts: str) -> tuple[Path | None, str]:
    """Return the copy of Anna's photo, and what went wrong."""
    made = crew.swiped(user_id="4711")
    reader = crew.reader(place, *hosts)
    reader.step()
    reader.fetch_photos()
    path = crew.again(made).photo_path
    return crew.files.picture(path), crew.people.photo_error("4711")


def test_a_photo_of_an_allowed_host_is_kept_as_our_own_jpeg(
    crew: BadgeCrew, fake: FakeDirectory, url: str
) -> None:
    path, problem = photo_of(crew, f"{url}/people.json", urlsplit(url).netloc)
    assert (problem, path is not None) == ("", True)
    assert path is not None
    assert path.read_bytes().startswith(b"\xff\xd8")
    assert fake.asked.count("/photos/4711.jpg") == 1
    assert "/photos/4712.jpg" not in fake.asked  # nobody used that badge


@pytest.mark.parametrize(
    ("photo", "said"),
    [
        ("javascript:alert(1)", "not an http(s) address: 'javascript:alert(1)'"),
        ("data:image/png;base64,AAAA", "not an http(s) address"),
        ("file:///etc/passwd", "not an http(s) address"),
        ("http://169.254.169.254/latest", "not in badges.photo_hosts"),
        ("http://localhost:1/x.jpg", "not in badges.photo_hosts"),
        ("http://photos.example@127.0.0.2/x.jpg", "not in badges.photo_hosts"),
        ("http://[::1]:80/x.jpg", "not in badges.photo_hosts"),
        ("//127.0.0.2/x.jpg", "not in badges.photo_hosts"),
        ("/elsewhere", "leads to '127.0.0.2:9', which is not in badges.photo_hosts"),
        ("/nothing.jpg", "the server answered 404"),
        ("//[", "not an address: '//['"),
    ],
)
def test_a_photo_from_anywhere_else_is_refused(
    crew: BadgeCrew, fake: FakeDirectory, url: str, photo: str, said: str
) -> None:
    fake.photos["4711"] = photo
    path, problem = photo_of(crew, f"{url}/people.json", urlsplit(url).netloc)
    assert path is None
    assert said in problem


def test_a_name_that_leads_to_this_machine_is_refused(
    crew: BadgeCrew, fake: FakeDirectory, url: str
) -> None:
    port = urlsplit(url).port
    fake.photos["4711"] = f"http://localhost:{port}/photos/4711.jpg"
    path, problem = photo_of(crew, f"{url}/people.json", f"localhost:{port}")
    assert path is None
    assert "localhost leads to" in problem
    assert problem.endswith("to this machine or its link")


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"<svg onload='x'/>", "image/svg+xml", "not an image but image/svg+xml"),
        (b"<html>", "text/html", "not an image but text/html"),
        (b"<html>", "image/jpeg", "not a JPEG, PNG, WebP or GIF"),
        (portrait_of("1") + bytes(9_000_000), "image/jpeg", "larger than 8 MB"),
    ],
    ids=["SVG", "HTML", "HTML that says JPEG", "too large"],
)
def test_an_invalid_image_is_refused(
    crew: BadgeCrew, fake: FakeDirectory, url: str, body: bytes, kind: str, said: str
) -> None:
    fake.body, fake.kind = body, kind
    path, problem = photo_of(crew, f"{url}/people.json", urlsplit(url).netloc)
    assert (path, problem) == (None, said)


def test_a_photo_that_fails_unexpectedly_takes_no_other_with_it(
    crew: BadgeCrew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = ("1", "2", "3", "4")
    for name in ids:
        (tmp_path / f"{name}.jpg").write_bytes(portrait_of(name))
        crew.swiped(user_id=name)
    rows = "".join(f"{name},Anna,{name}.jpg\n" for name in ids)
    (tmp_path / "people.csv").write_text(f"id,name,photo\n{rows}")
    save, bad = crew.files.save_photo, portrait_of("1")
    failing = {bad: RuntimeError("unheard of")}

    def save_photo(image: bytes) -> str | None:
        if image in failing:
            raise failing[image]
        return save(image)

    monkeypatch.setattr(crew.files, "save_photo", save_photo)
    reader = crew.reader(str(tmp_path / "people.csv"))
    reader.step()
    reader.fetch_photos()
    assert [crew.people.photo_error(n) for n in ids] == [
        "it cannot be stored",
        "",
        "",
        "",
    ]


def test_a_host_out_of_reach_ends_the_round_and_the_next_photo_is_another_one(
    crew: BadgeCrew, tmp_path: Path
) -> None:
    host = "127.0.0.1:9"
    names = ("1", "2", "3")
    for name in names:
        crew.swiped(user_id=name)
    rows = "".join(f"{name},Anna,http://{host}/{name}.jpg\n" for name in names)
    (tmp_path / "people.csv").write_text(f"id,name,photo\n{rows}")
    reader = crew.reader(str(tmp_path / "people.csv"), host)
    reader.step()
    for asked in (1, 2, 3, 3):
        assert not reader.fetch_photos()
        assert len([n for n in names if crew.people.photo_error(n)]) == asked


@pytest.mark.parametrize(
    ("photo", "said"),
    [
        ("photos/anna.jpg", ""),
        ("../secret.jpg", "not a file next to the directory"),
        ("/etc/passwd", "not a file next to the directory"),
        ("javascript:alert(1)", "not an http(s) address"),
        ("x" * 300, "not a file next to the directory"),
    ],
)
def test_photos_may_lie_beside_a_file(
    crew: BadgeCrew, tmp_path: Path, photo: str, said: str
) -> None:
    folder = tmp_path / "directory"
    (folder / "photos").mkdir(parents=True)
    (folder / "photos" / "anna.jpg").write_bytes(portrait_of("4711"))
    (tmp_path / "secret.jpg").write_bytes(portrait_of("4711"))
    (folder / "people.csv").write_text(f"id,name,photo\n4711,Anna,{photo}\n")
    path, problem = photo_of(crew, str(folder / "people.csv"))
    assert said in problem
    assert (path is None) is bool(said)
