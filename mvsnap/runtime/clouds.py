"""Clients of the clouds, made from the settings: here and nowhere else.

The channels of messages make Webex's.
"""

from __future__ import annotations

from mvsnap.clients.buckets import Buckets
from mvsnap.clients.meraki.budget import Budget
from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.s3.bucket import Bucket
from mvsnap.clients.webex.client import Webex
from mvsnap.clock import Clock
from mvsnap.config.model import Meraki, Settings
from mvsnap.delivery.webex import open_webex
from mvsnap.runtime.shared_buckets import SharedBuckets


def dashboard(
    meraki: Meraki,
    clock: Clock,
    budget: Budget | None = None,
    *,
    buckets: Buckets | None = None,
) -> Dashboard:
    """Return Meraki's cloud; without a key it refuses every call.

    budget: of another Dashboard of the same organization; default: its own.
    buckets: where its own is kept for other processes.
    """
    return Dashboard(
        meraki.base_url,
        meraki.api_key.get_secret_value() if meraki.api_key else "",
        clock=clock,
        requests_per_s=meraki.requests_per_s,
        budget=budget,
        buckets=buckets,
    )


def shared_dashboard(settings: Settings, clock: Clock) -> Dashboard:
    """Return Meraki's cloud for a command: a service may run beside it."""
    buckets = SharedBuckets(settings, clock).meraki()
    return dashboard(settings.meraki, clock, buckets=buckets)


def shared_webex(settings: Settings, clock: Clock) -> Webex | None:
    """Return the bot for a command, None without one."""
    webex = open_webex(settings.webex)
    if webex is not None:
        webex.share(SharedBuckets(settings, clock).webex())
    return webex


def bucket(settings: Settings, *, in_haste: bool = False) -> Bucket | None:
    """Return the bucket of pictures and clips, None without.

    in_haste: somebody waits, so it has to answer soon.

    Raises:
        UpstreamError: boto3 is missing, or a setting cannot be used.
    """
    s3 = settings.storage.s3
    if s3.bucket is None or s3.access_key is None or s3.secret_key is None:
        return None
    return Bucket(
        s3.bucket,
        s3.access_key.get_secret_value(),
        s3.secret_key.get_secret_value(),
        endpoint_url=s3.endpoint_url,
        region=s3.region,
        prefix=s3.prefix,
        connect_s=4 if in_haste else 15,
        answer_s=10 if in_haste else 60,
    )
