"""The S3 client against a real object store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from mvsnap.clients.s3.bucket import Bucket
from mvsnap.clients.s3.errors import StoreError, refusal
from mvsnap.simulator.ports import free_port
from mvsnap.texts.service_wordings import BUCKET
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, ObjectStore

PLACE = BUCKET(name="x", host="y")
NAME = "robot/2026/03/04/20260304T120000Z_robot_0123456789.mp4"
# The least a part may have.
PART_BYTES = 5 * 1024 * 1024


@pytest.fixture
def name(s3_server: ObjectStore) -> str:
    return s3_server.bucket(f"clips-{uuid4().hex[:8]}")


def bucket(server: ObjectStore, name: str, **given: Any) -> Bucket:
    keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    fields: dict[str, Any] = {
        "endpoint_url": server.url,
        "prefix": "site-a/",
        "part_bytes": PART_BYTES,
    }
    return Bucket(name, **(keys | fields | given))


def video(folder: Path, size_bytes: int) -> Path:
    path = folder / "clip.mp4"
    path.write_bytes(os.urandom(size_bytes))
    return path


@pytest.mark.parametrize(
    "size_bytes",
    [0, 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 7],
    ids=["empty", "a byte", "one part", "a byte more", "three parts"],
)
def test_a_file_is_copied_whole(
    s3_server: ObjectStore, name: str, tmp_path: Path, size_bytes: int
) -> None:
    path = video(tmp_path, size_bytes)
    copies = bucket(s3_server, name)
    copies.upload(path, NAME, "video/mp4")
    assert s3_server.content(name, f"site-a/{NAME}") == path.read_bytes()
    about = s3_server.client.head_object(Bucket=name, Key=f"site-a/{NAME}")
    assert about["ContentType"] == "video/mp4"
    copies.upload(path, NAME, "video/mp4")  # again
    again = s3_server.client.head_object(Bucket=name, Key=f"site-a/{NAME}")
    assert again["LastModified"] == about["LastModified"]
    assert s3_server.unfinished(name) == []


def test_another_file_of_that_name_is_replaced(
    s3_server: ObjectStore, name: str, tmp_path: Path
) -> None:
    key = f"site-a/{NAME}"
    s3_server.client.put_object(Bucket=name, Key=key, Body=b"12345")
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"54321")
    bucket(s3_server, name).upload(path, NAME, "video/mp4")
    assert s3_server.content(name, key) == b"54321"


def test_an_interrupted_upload_resumes_with_the_missing_parts(
    s3_server: ObjectStore, name: str, tmp_path: Path
) -> None:
    path = video(tmp_path, 3 * PART_BYTES)
    key = f"site-a/{NAME}"
    client = s3_server.client
    begun = client.create_multipart_upload(Bucket=name, Key=key)["UploadId"]
    content = path.read_bytes()
    for number, part in ((1, content[:PART_BYTES]), (2, bytes(PART_BYTES))):
        client.upload_part(
            Bucket=name, Key=key, UploadId=begun, PartNumber=number, Body=part
        )
    asked: list[str] = []
    copies = bucket(s3_server, name)
    copies._sdk.client.meta.events.register(
        "before-call.s3.UploadPart",
        lambda params, **_: asked.append(params["url_path"]),
    )
    copies.upload(path, NAME, "video/mp4")
    assert len(asked) == 2  # the second was another one, the third was missing
    assert s3_server.content(name, key) == content
    assert s3_server.unfinished(name) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"secret_key": "wrong"}, "storage.s3.secret_key is wrong"),
        ({"access_key": "nobody"}, "does not know storage.s3.access_key"),
        ({"name": "no-such-bucket"}, "no such bucket"),
    ],
    ids=["wrong secret", "wrong key", "no bucket"],
)
def test_a_refusal_is_reported_in_words(
    s3_server: ObjectStore,
    name: str,
    tmp_path: Path,
    given: dict[str, str],
    words: str,
) -> None:
    copies = bucket(s3_server, given.pop("name", name), **given)
    for call in (
        copies.check,
        lambda: copies.upload(video(tmp_path, 10), NAME, "video/mp4"),
        lambda: copies.upload(video(tmp_path, PART_BYTES + 1), NAME, "video/mp4"),
    ):
        with pytest.raises(StoreError) as caught:
            call()
        assert words in caught.value.message
        assert not caught.value.retry
        assert SECRET_KEY not in repr(caught.value.__dict__)


def test_a_store_that_is_away_is_worth_another_try(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    copies = Bucket("clips", ACCESS_KEY, SECRET_KEY, endpoint_url=url)
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        copies.upload(video(tmp_path, 10), NAME, "video/mp4")
    assert caught.value.retry
    assert caught.value.__context__ is None


def test_a_right_key_passes_the_check_and_leaves_nothing(
    s3_server: ObjectStore, name: str
) -> None:
    copies = bucket(s3_server, name)
    copies.check()
    assert s3_server.objects(name) == {}
    assert copies.place == f"bucket {name} at 127.0.0.1"


@pytest.mark.parametrize(
    ("status", "code", "retry"),
    [(503, "SlowDown", True), (500, "InternalError", True), (429, "", True)]
    + [(403, "AccessDenied", False), (400, "EntityTooLarge", False)],
)
def test_a_refusal_says_whether_to_retry(status: int, code: str, retry: bool) -> None:
    about = {"HTTPStatusCode": status, "HTTPHeaders": {"retry-after": "7"}}
    error = {"Code": code, "Message": "a key: AKIASECRET"}
    found = refusal({"ResponseMetadata": about, "Error": error}, PLACE)
    assert (found.retry, found.retry_after_s, found.answered) == (retry, 7, status)
    assert "AKIASECRET" not in found.message


def test_an_invalid_value_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"storage\.s3 cannot be used"):
        Bucket("clips", ACCESS_KEY, SECRET_KEY, region="not a region!")


def test_an_object_is_read_from_any_place_and_downloaded_whole(
    s3_server: ObjectStore, name: str, tmp_path: Path
) -> None:
    content = os.urandom(700_000)
    s3_server.client.put_object(Bucket=name, Key=f"site-a/{NAME}", Body=content)
    files = bucket(s3_server, name)
    found = files.find(NAME)
    assert found is not None
    with found:
        assert found.size_bytes == len(content)
        assert found.seek(-10, os.SEEK_END) == len(content) - 10
        assert found.read() == content[-10:]
        found.seek(1000)
        assert found.read(5) == content[1000:1005]
        found.seek(3, os.SEEK_CUR)
        assert found.read(5) == content[1008:1013]
    assert files.download(NAME, tmp_path / "new/copy.mp4")
    assert (tmp_path / "new/copy.mp4").read_bytes() == content
    files.remove(NAME)
    files.remove(NAME)
    assert files.find(NAME) is None
    assert not files.download(NAME, tmp_path / "none.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_missing_bucket_is_no_missing_object(s3_server: ObjectStore) -> None:
    with pytest.raises(StoreError, match="no such bucket"):
        bucket(s3_server, "no-such-bucket").find(NAME)
