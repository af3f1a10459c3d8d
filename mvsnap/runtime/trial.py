"""Test messages, made from the settings: for a command and for the settings page."""

from __future__ import annotations

from mvsnap import texts
from mvsnap.clock import Clock
from mvsnap.config.model import Settings
from mvsnap.delivery.channels import Channels, open_channels
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.delivery.trial import ChannelTrial
from mvsnap.runtime.call_budgets import CallBudgets


def channel_trial(
    settings: Settings, clock: Clock, channels: Channels | None = None
) -> ChannelTrial:
    """channels: default: those of a command, beside which a service may run."""
    site, prefix = settings.site, settings.webex.message_prefix
    texts.use(site.locale)
    opened = channels or shared_channels(settings, clock)
    templates = MessageTemplates(site.timezone, prefix, site.name, site.public_url)
    return ChannelTrial(opened, templates, clock, site.name)


def shared_channels(settings: Settings, clock: Clock) -> Channels:
    return open_channels(settings, CallBudgets(settings, clock).webex())
