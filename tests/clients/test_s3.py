from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clients.s3 import Bucket, NoBoto
from mvsnap.errors import UpstreamError
from tests.clients.stub_s3 import ACCESS_KEY, BUCKET, SECRET_KEY, Store, store

pytest.importorskip("boto3", reason="left out: boto3 is not installed")


@pytest.fixture
def served() -> Iterator[tuple[Store, str]]:
    with store() as made:
        yield made


def bucket(url: str, name: str = BUCKET, **keys: Any) -> Bucket:
    given = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY} | keys
    return Bucket(name, endpoint_url=url, timeout_s=5, **given)


def test_a_file_is_copied_as_it_is(tmp_path: Path, served: tuple[Store, str]) -> None:
    kept, url = served
    (tmp_path / "clip.mp4").write_bytes(b"video" * 1000)
    made = bucket(url)
    made.check()
    made.put(tmp_path / "clip.mp4", "site a/clip ö.mp4", "video/mp4")
    assert kept.kept == {"site a/clip ö.mp4": b"video" * 1000}
    assert kept.kinds == {"site a/clip ö.mp4": "video/mp4"}


@pytest.mark.parametrize(
    ("name", "keys", "status", "said", "retry"),
    [
        pytest.param("other", {}, None, "no such bucket", False, id="bucket"),
        pytest.param(BUCKET, {"access_key": "x"}, None, "access_key", False, id="key"),
        pytest.param(BUCKET, {}, 503, "refused (503)", True, id="in trouble"),
        pytest.param(BUCKET, {}, 400, "storage.s3.region", False, id="region"),
    ],
)
def test_a_refusal_says_what_to_check_and_is_asked_once(
    served: tuple[Store, str],
    name: str,
    keys: dict[str, str],
    status: int | None,
    said: str,
    retry: bool,
) -> None:
    kept, url = served
    kept.fail_with = status
    with pytest.raises(UpstreamError, match="refused") as caught:
        bucket(url, name, **keys).check()
    assert said in caught.value.message
    assert caught.value.retry is retry
    assert SECRET_KEY not in caught.value.message
    assert kept.asked == 1


def test_nobody_at_the_address_may_come_back() -> None:
    with pytest.raises(UpstreamError, match="out of reach") as caught:
        bucket("http://127.0.0.1:9").check()
    assert caught.value.retry


def test_without_the_library_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    with pytest.raises(NoBoto, match="pip install boto3"):
        bucket("http://127.0.0.1:9")
