"""`check`: the broker that Home Assistant reads."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from mvsnap.cli.terminal import Check, CheckResult

if TYPE_CHECKING:
    from mvsnap.config.model import Settings


def checks(settings: Settings) -> list[Check]:
    enabled = settings.home_assistant.enabled
    return [("Home Assistant", lambda: _broker(settings))] if enabled else []


def _broker(settings: Settings) -> CheckResult:
    """Log in to the broker; nothing is published, as the service may run."""
    from mvsnap.runtime.extras import HOME_EXTRA

    if find_spec("ha_mqtt_discoverable") is None:
        return CheckResult(False, f"home_assistant.enabled needs {HOME_EXTRA}")
    from mvsnap.home_assistant.connection import PublishConnection, why_away
    from mvsnap.home_assistant.topics import Topics
    from mvsnap.runtime.home_assistant import login

    found, wanted = login(settings), settings.home_assistant
    topics = Topics(wanted.topic_prefix, wanted.discovery_prefix)
    where = f"{found.host}:{found.port}"
    connection = PublishConnection(found, topics, None)
    try:
        connection.open()
    except (OSError, ValueError) as exc:
        return CheckResult(False, f"{where}: {why_away(exc)}")
    finally:
        connection.close()
    return CheckResult(True, f"connected to {where}, topics {topics.prefix}/")
