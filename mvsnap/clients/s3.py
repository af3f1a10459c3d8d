"""S3: a bucket of an object store, Amazon's or another one that speaks the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mvsnap.errors import MvsnapError, UpstreamError

_ADVICE = {
    "400": "check storage.s3.region",
    "403": "check storage.s3.access_key and secret_key, and what they may do",
    "404": "there is no such bucket: check storage.s3.bucket and endpoint_url",
    "301": "the bucket is in another region: check storage.s3.region",
}
_ANY_REGION = "us-east-1"  # for stores that have none


class NoBoto(MvsnapError):
    """The library for object stores is an extra, and is not installed."""

    code = "no_boto3"

    def __init__(self) -> None:
        super().__init__("boto3 is missing: .venv/bin/pip install boto3")


class Bucket:
    """One bucket; safe to share by threads. Nothing is tried twice here."""

    def __init__(
        self,
        name: str,
        access_key: str,
        secret_key: str,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        """Raises NoBoto: the extra is not installed."""
        try:
            # Only here: it takes half a second, and few gateways copy anything.
            from boto3.session import Session
            from botocore.config import Config
        except ImportError:
            raise NoBoto from None
        self._name = name
        config = Config(
            connect_timeout=10,
            read_timeout=timeout_s,
            retries={"total_max_attempts": 1},
            # Other stores than Amazon's know neither its host names nor its checksums.
            s3={"addressing_style": "path" if endpoint_url else "auto"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        session = Session(
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name=region or _ANY_REGION,
        )
        self._s3 = session.client("s3", endpoint_url=endpoint_url, config=config)

    def check(self) -> None:
        """See that the bucket is there and the keys open it.

        Raises:
            UpstreamError: it is not, they do not, or the store is out of reach.
        """
        self._call("head_bucket", {})

    def put(self, path: Path, key: str, content_type: str) -> None:
        """Copy a file into the bucket; the same key is written over.

        Raises:
            UpstreamError: refused, or out of reach.
            OSError: the file cannot be read.
        """
        with path.open("rb") as file:
            wanted = {"Key": key, "Body": file, "ContentType": content_type}
            self._call("put_object", wanted)

    def _call(self, name: str, wanted: dict[str, Any]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            getattr(self._s3, name)(Bucket=self._name, **wanted)
        except ClientError as exc:
            status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        except (BotoCoreError, ValueError) as exc:
            raise UpstreamError(
                f"The object store is out of reach: {type(exc).__name__}", retry=True
            ) from None
        else:
            return
        advice = _ADVICE.get(str(status))
        words = f"The object store refused ({status})"
        again = status == 429 or status >= 500
        raise UpstreamError(f"{words}: {advice}" if advice else words, retry=again)
