"""S3: files in a bucket, at Amazon or any S3-compatible store.

Every byte is verified: each request carries the MD5 of its content, and the final
object must have the right size and ETag. A large file is sent in parts; when it is
started again, also after a crash, parts that the store has are not sent again. boto3's
own transfer (tried: 1.44) does none of this: it sends no MD5, starts over, and
interrupted uploads stay in the bucket, invisible, forever.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mvsnap.clients.s3.errors import StoreError, refusal, trouble
from mvsnap.clients.s3.parts import (
    FilePart,
    FileSum,
    base64_of,
    numbered,
    parts_of,
    plain,
    sum_of,
)
from mvsnap.clients.s3.sdk import sdk
from mvsnap.clients.s3.stored_file import StoredFile
from mvsnap.texts.service_wordings import BUCKET
from mvsnap.upstreams import OUTCOMES, Upstream, count_request
from mvsnap.values import replace

_DOWNLOAD_S = 120.0
_READ_BYTES = 1024 * 1024
# The store requires at least 5 MiB; a part is in memory while it is sent.
_PART_BYTES = 8 * 1024 * 1024
_CHECK_NAME = "mvsnap-check.txt"
# Refusals to look something up are normal: not every key may list.
_CHANGES = ("put", "create", "upload", "complete", "delete")


class Bucket:
    """One bucket. Thread-safe."""

    def __init__(
        self,
        name: str,
        access_key: str,
        secret_key: str,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        prefix: str = "",
        part_bytes: int = _PART_BYTES,
        connect_s: float = 15,
        answer_s: float = 60,
    ) -> None:
        """endpoint_url: None is Amazon's. prefix: comes before every object's name.
        answer_s: how long the store may be silent.

        Raises:
            StoreError: boto3 is not installed, or a value is invalid.
        """
        self._name = name
        self._prefix = prefix
        self._part_bytes = part_bytes
        host = urlsplit(endpoint_url).hostname if endpoint_url else "Amazon S3"
        self.place = BUCKET(name=name, host=str(host))
        self._sdk = sdk(
            access_key,
            secret_key,
            endpoint_url=endpoint_url,
            region=region,
            connect_s=connect_s,
            answer_s=answer_s,
        )

    def check(self) -> None:
        """Prove that the key opens the bucket.

        Raises:
            StoreError: what is wrong, in words.
        """
        try:
            self._ask("list_objects_v2", Prefix=self._prefix, MaxKeys=1)
        except StoreError as exc:
            if exc.reason != "AccessDenied":
                raise
            # A write-only key is fine.
            self._put(
                _CHECK_NAME, numbered(1, b"mvsnap can write here\n"), "text/plain"
            )

    def upload(self, path: Path, name: str, content_type: str) -> None:
        """Copy a file; a complete existing copy is not sent again.

        Raises:
            StoreError: not copied, or unknown; retry later.
            OSError: the file is unreadable.
        """
        parts = partial(parts_of, path, self._part_bytes)
        wanted = sum_of(parts())
        if self._has(name, wanted):
            return
        if wanted.size_bytes <= self._part_bytes:
            etag = self._put(name, next(parts()), content_type)
        else:
            etag = self._put_parts(name, parts(), content_type)
        # A store whose ETags are not MD5s has still checked the MD5 that we sent.
        if not self._has(name, replace(wanted, etags=(*wanted.etags, etag))):
            words = f"{self.place} does not have the complete copy of {name}"
            raise StoreError(words, retry=True)

    def find(self, name: str) -> StoredFile | None:
        """Return an object to be read, None if there is none of this name.

        Raises:
            StoreError: unknown.
        """
        key = self._prefix + name
        try:
            found = self._ask("head_object", Key=key)
        except StoreError as exc:
            if exc.answered != 404:
                raise
            self._require_bucket(key)
            return None
        return StoredFile(
            partial(self._body, key),
            int(found["ContentLength"]),
            found["LastModified"],
            self._in_words,
        )

    def download(self, name: str, path: Path) -> bool:
        """Write an object to a file, whole or not at all; False: there is none.

        Raises:
            StoreError: not downloaded, or unknown.
            OSError: it cannot be written.
        """
        found = self.find(name)
        if found is None:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        ends_at = time.monotonic() + _DOWNLOAD_S
        try:
            with part.open("xb") as file:
                while content := found.read(_READ_BYTES):
                    file.write(content)
                    if time.monotonic() > ends_at:
                        words = f"{self.place} is too slow"
                        raise StoreError(words, retry=True)
            part.replace(path)
        finally:
            found.close()
            part.unlink(missing_ok=True)
        return True

    def remove(self, name: str) -> None:
        """Delete an object; it is no error if there is none.

        Raises:
            StoreError: not deleted, or unknown.
        """
        self._ask("delete_object", Key=self._prefix + name)

    def listed(
        self, below: str, after: str, at_most: int
    ) -> list[tuple[str, datetime]]:
        """Return names that begin with `below`, with when each was stored, in order.

        after: the last name that is known already, "" for none. at_most: up to 1000.

        Raises:
            StoreError: unknown, or the key may not list.
        """
        answer = self._ask(
            "list_objects_v2",
            Prefix=self._prefix + below,
            MaxKeys=at_most,
            **({"StartAfter": self._prefix + after} if after else {}),
        )
        return [
            (str(one["Key"]).removeprefix(self._prefix), one["LastModified"])
            for one in answer.get("Contents", ())
        ]

    def _body(self, key: str, first: int) -> Any:
        """Return the answer's stream of the bytes from `first`."""
        return self._ask("get_object", Key=key, Range=f"bytes={first}-")["Body"]

    def _require_bucket(self, key: str) -> None:
        """Raise if not the object is missing but the bucket: a HEAD cannot tell."""
        try:
            self._ask("get_object", Key=key)["Body"].close()
        except StoreError as exc:
            if exc.reason != "NoSuchKey":
                raise

    def _has(self, name: str, wanted: FileSum) -> bool:
        try:
            found = self._ask("head_object", Key=self._prefix + name)
        except StoreError as exc:
            # 403: the answer for a missing object to a key that may not list.
            if exc.answered in (403, 404):
                return False
            raise
        is_whole = found["ContentLength"] == wanted.size_bytes
        return is_whole and plain(found["ETag"]) in wanted.etags

    def _put(self, name: str, part: FilePart, content_type: str) -> str:
        answer = self._ask(
            "put_object",
            Key=self._prefix + name,
            Body=part.content,
            ContentMD5=base64_of(part.md5),
            ContentType=content_type,
        )
        return plain(answer["ETag"])

    def _put_parts(
        self, name: str, parts: Iterator[FilePart], content_type: str
    ) -> str:
        key = self._prefix + name
        upload_id, known = self._begun(key)
        if upload_id is None:
            begun = self._ask(
                "create_multipart_upload", Key=key, ContentType=content_type
            )
            upload_id = str(begun["UploadId"])
        sent = []
        for part in parts:
            etag = known.get(part.number)
            if etag is None or plain(etag) != part.md5.hex():
                etag = self._ask(
                    "upload_part",
                    Key=key,
                    UploadId=upload_id,
                    PartNumber=part.number,
                    Body=part.content,
                    ContentMD5=base64_of(part.md5),
                )["ETag"]
            sent.append({"PartNumber": part.number, "ETag": etag})
        whole = self._ask(
            "complete_multipart_upload",
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": sent},
        )
        return plain(whole["ETag"])

    def _begun(self, key: str) -> tuple[str | None, dict[int, str]]:
        """Return the upload that a crash left, and its parts' ETags by number."""
        try:
            uploads = self._ask("list_multipart_uploads", Prefix=key).get("Uploads", [])
            mine = [upload["UploadId"] for upload in uploads if upload["Key"] == key]
            if not mine:
                return None, {}
            parts = self._ask("list_parts", Key=key, UploadId=mine[-1]).get("Parts", [])
        except StoreError as exc:
            # Not every key may list, not every store supports it: then start over.
            if exc.retry and exc.answered != 501:
                raise
            return None, {}
        return mine[-1], {part["PartNumber"]: part["ETag"] for part in parts}

    def _ask(self, operation: str, **arguments: Any) -> Any:
        began_s = time.monotonic()
        try:
            found = getattr(self._sdk.client, operation)(Bucket=self._name, **arguments)
            count_request(Upstream.S3, time.monotonic() - began_s, 200)
            OUTCOMES.worked(Upstream.S3)
            return found
        except self._sdk.refusals as exc:
            error = refusal(exc.response, self.place)
        except self._sdk.troubles as exc:
            error = trouble(exc, self.place)
        count_request(Upstream.S3, time.monotonic() - began_s, error.answered)
        if error.retry or operation.startswith(_CHANGES):
            OUTCOMES.failed(Upstream.S3, error.message)
        # Raised here and not above: the library's exception would be chained.
        raise error

    def _in_words(self, read: Callable[[], bytes]) -> bytes:
        """Read from an answer; raises StoreError."""
        try:
            return read()
        except self._sdk.troubles as exc:
            error = trouble(exc, self.place)
        raise error
