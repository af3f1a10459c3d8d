"""boto3, imported with the first bucket: it takes 30 MB; most gateways copy nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from mvsnap.clients.hosts import is_loopback
from mvsnap.clients.s3.errors import StoreError


class Sdk(Struct, frozen=True):
    """client: boto3's own.

    refusals: what it raises when the store says no; troubles: when there is no answer.
    """

    client: Any
    refusals: type[Any]
    troubles: tuple[type[Exception], ...]


def sdk(
    access_key: str,
    secret_key: str,
    *,
    endpoint_url: str | None,
    region: str | None,
    connect_s: float,
    answer_s: float,
) -> Sdk:
    """Return a client for one store.

    Raises:
        StoreError: boto3 is not installed, or a value is invalid.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        words = "storage.s3 needs boto3: pip install 'boto3>=1.36'"
        raise StoreError(words, retry=False) from None
    host = urlsplit(endpoint_url).hostname if endpoint_url else None
    config = Config(
        connect_timeout=connect_s,
        read_timeout=answer_s,
        # Retries are decided in jobs/retry.py alone.
        retries={"total_max_attempts": 1},
        # Most self-hosted stores do not resolve bucket names as host names.
        s3={"addressing_style": "path" if endpoint_url else "auto"},
        # Older stores refuse newer kinds of checksums, but never MD5.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # A proxy of the environment cannot reach this machine's loopback.
        proxies={} if host and is_loopback(host) else None,
    )
    try:
        client = boto3.session.Session().client(
            "s3",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            endpoint_url=endpoint_url,
            region_name=region,
            config=config,
        )
    except (BotoCoreError, ValueError) as exc:
        words = f"storage.s3 cannot be used: {exc}"
        raise StoreError(words, retry=False) from None
    return Sdk(client, ClientError, (BotoCoreError, OSError))
