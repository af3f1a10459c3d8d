"""Clients of the clouds, made from the settings: here and nowhere else.

The channels of messages make Webex's.
"""

from __future__ import annotations

from mvsnap.camera_organizations import CameraOrganizations
from mvsnap.clients.call_budget import BudgetStore
from mvsnap.clients.meraki.budget import Budget
from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.meraki.dashboards import Dashboards
from mvsnap.clients.s3.bucket import Bucket
from mvsnap.clients.webex.client import Webex
from mvsnap.clock import Clock
from mvsnap.config.meraki import Meraki
from mvsnap.config.model import Settings
from mvsnap.delivery.webex import open_webex
from mvsnap.runtime.call_budgets import CallBudgets


def dashboard(
    meraki: Meraki,
    clock: Clock,
    budget: Budget | None = None,
    *,
    budget_store: BudgetStore | None = None,
    name: str = "",
    others: frozenset[str] = frozenset(),
) -> Dashboard:
    """Return Meraki's cloud; without a key it refuses every call.

    budget: of another Dashboard of the same organization; default: its own.
    budget_store: where its own is kept for other processes.
    name: of the organization in the settings; others: ids of those with other keys.
    """
    return Dashboard(
        meraki.base_url,
        meraki.api_key.get_secret_value() if meraki.api_key else "",
        clock=clock,
        requests_per_s=meraki.requests_per_s,
        budget=budget,
        budget_store=budget_store,
        name=name,
        organization_id=meraki.organization_id,
        network_id=meraki.network_id,
        others=others,
    )


def dashboards(
    settings: Settings,
    clock: Clock,
    shared: CallBudgets,
    homes: CameraOrganizations,
    spare_of: Dashboards | None = None,
) -> Dashboards:
    """Return every organization's Dashboard, each with its own budget.

    spare_of: use what the budgets of these leave, for calls that nobody waits for.
    """
    every = settings.dashboards
    ids = [meraki.organization_id for meraki in every.values()]
    spare = (
        {each.name: each.spare_budget() for each in spare_of.each()} if spare_of else {}
    )
    made = [
        dashboard(
            meraki,
            clock,
            spare.get(name),
            budget_store=None if name in spare else shared.meraki(meraki),
            name=name,
            others=frozenset(id_ for id_ in ids if id_),
        )
        for name, meraki in every.items()
    ]
    return Dashboards(made, homes, clock)


def shared_dashboards(settings: Settings, clock: Clock) -> Dashboards:
    """Return Meraki's clouds for a command: a service may run beside it."""
    homes = CameraOrganizations(settings, clock)
    return dashboards(settings, clock, CallBudgets(settings, clock), homes)


def shared_webex(settings: Settings, clock: Clock) -> Webex | None:
    """Return the bot for a command, None without one."""
    webex = open_webex(settings.webex)
    if webex is not None:
        webex.share(CallBudgets(settings, clock).webex())
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
