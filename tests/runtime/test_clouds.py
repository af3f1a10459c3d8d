"""Clients of the clouds come from the settings, in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mvsnap.clock import SystemClock
from mvsnap.config.meraki import Meraki
from mvsnap.config.model import Settings
from mvsnap.errors import UpstreamError
from mvsnap.runtime import clouds
from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.server import serve

PACKAGE = Path(clouds.__file__).parent.parent
ONLY_CLOUDS = ("Dashboard", "Bucket")


@pytest.fixture
def meraki() -> Iterator[Meraki]:
    fake = FakeDashboard(cameras=1)
    with serve(dashboard_app(fake)) as url:
        plain = {"base_url": f"{url}/api/v1", "requests_per_s": 0.1}
        yield Meraki.model_validate(plain).with_key(fake.api_key)


def test_a_dashboard_keeps_to_the_rate_of_the_settings(meraki: Meraki) -> None:
    clock = SystemClock()
    with closing(clouds.dashboard(meraki, clock)) as dashboard:
        assert dashboard.whoami()
        clock.stop()  # who has to wait for a turn now gives up
        with pytest.raises(UpstreamError, match="stopping"):
            dashboard.whoami()


def test_without_a_key_or_a_bucket_nothing_is_configured() -> None:
    settings = Settings()
    assert not settings.meraki.configured
    assert settings.meraki.with_key("a key").configured
    assert clouds.bucket(settings) is None


def made_in(text: str) -> set[str]:
    """Return the clients of clouds that a module makes."""
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    return names.intersection(ONLY_CLOUDS)


def test_no_other_module_makes_a_client_of_a_cloud() -> None:
    texts = {path: path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    makers = [str(path) for path, text in texts.items() if made_in(text)]
    assert makers == [clouds.__file__]


def test_control_a_client_that_is_made_elsewhere_is_found() -> None:
    assert made_in("def f():\n    return Dashboard(url, key)") == {"Dashboard"}
