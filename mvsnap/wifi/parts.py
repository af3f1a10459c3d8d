"""Wi-Fi analytics as the views use it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import ClassVar

from msgspec import Struct

from mvsnap.config.model import Settings
from mvsnap.store.database import Database
from mvsnap.wifi import devices
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.correlation import WifiCorrelation
from mvsnap.wifi.lists import WifiLists
from mvsnap.wifi.reports import WifiReports
from mvsnap.wifi.salt import NAME, SaltedHash, is_another, salt
from mvsnap.wifi.spans import WifiSpans
from mvsnap.wifi.visits import VisitRule
from mvsnap.wifi.worker import visit_rule

log = logging.getLogger(__name__)


def _as_it_is() -> Callable[[str], int]:
    return devices.plain


class WifiParts(Struct, frozen=True):
    """identify: called for each message, returns a function from address to device.

    rule: how observations become visits.
    """

    store: WifiStore
    rule: VisitRule
    reports: WifiReports
    spans: WifiSpans
    lists: WifiLists
    correlation: WifiCorrelation
    identify: Callable[[], Callable[[str], int]]
    page: ClassVar[str] = "wifi.index"

    def has_data(self) -> bool:
        return bool(self.reports.networks())


def build(settings: Settings, db: Database, store: WifiStore) -> WifiParts:
    """Build all of it; the salt is created if observations may arrive."""
    scanning = settings.scanning
    long_stay_s = scanning.long_stay_s
    window_s = scanning.correlation.window_s
    identify = _as_it_is
    if scanning.hash_macs and scanning.endpoints:
        secret = salt(settings.data_dir)
        if is_another(db, secret):
            log.warning(
                "%s has changed: every device counts as new from now on. "
                "Machines that share a database need the same file",
                settings.data_dir / NAME,
            )
        identify = SaltedHash(settings.data_dir, secret).current
    return WifiParts(
        store,
        visit_rule(scanning, settings.site.zone),
        WifiReports(db, long_stay_s=long_stay_s),
        WifiSpans(db),
        WifiLists(db, long_stay_s=long_stay_s),
        WifiCorrelation(db, long_stay_s=long_stay_s, window_s=window_s),
        identify,
    )
