"""Wi-Fi analytics as the views use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mvsnap.config.model import Settings
from mvsnap.core import devices
from mvsnap.store.database import Database
from mvsnap.store.salt import salt
from mvsnap.store.wifi import WifiStore
from mvsnap.store.wifi_correlation import WifiCorrelation
from mvsnap.store.wifi_lists import WifiLists
from mvsnap.store.wifi_reports import WifiReports


@dataclass(frozen=True, slots=True)
class Wifi:
    """identify: makes the number of a device of its MAC address."""

    store: WifiStore
    reports: WifiReports
    lists: WifiLists
    correlation: WifiCorrelation
    identify: Callable[[str], int]


def build(settings: Settings, db: Database, store: WifiStore) -> Wifi:
    """Return all of it; the salt is made when observations may come."""
    scanning = settings.scanning
    long_stay_s = scanning.long_stay_s
    window_s = scanning.correlation.window_s
    identify: Callable[[str], int] = devices.plain
    if scanning.hash_macs and scanning.endpoints:
        identify = devices.hashed_with(salt(settings.data_dir))
    return Wifi(
        store,
        WifiReports(db, long_stay_s=long_stay_s),
        WifiLists(db, long_stay_s=long_stay_s),
        WifiCorrelation(db, long_stay_s=long_stay_s, window_s=window_s),
        identify,
    )
