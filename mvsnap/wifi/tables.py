"""Tables of Wi-Fi analytics. Their rows come by the million: times are whole seconds,
devices and access points numbers, and SQLite keeps rows in the order of their key.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)

from mvsnap.store.tables import Moment
from mvsnap.store.tables import metadata as metadata

scan_batches = Table(
    "scan_batches",
    metadata,
    Column("id", Integer, primary_key=True, comment="in order of arrival"),
    Column("received_at", Moment, nullable=False, comment="when it was accepted"),
    Column("network_id", Text, nullable=False, comment="Meraki network, '' unknown"),
    Column("radio", Text, nullable=False, comment="Radio"),
    Column("body", LargeBinary, nullable=False, comment="see wifi.intake.pack"),
    comment="Observations accepted and not yet processed",
)

scan_sources = Table(
    "scan_sources",
    metadata,
    Column("id", Integer, primary_key=True, comment="small, for the tables below"),
    Column("network_id", Text, nullable=False, comment="Meraki network, '' unknown"),
    Column("radio", Text, nullable=False, comment="Radio"),
    Index("scan_sources_once", "network_id", "radio", unique=True),
    comment="Where observations come from",
)

scan_pauses = Table(
    "scan_pauses",
    metadata,
    Column("name", Text, primary_key=True, comment="why"),
    Column("until", Moment, nullable=False, comment="when it expires"),
    comment="Pauses in processing observations, such as during a rebuild",
)

observations = Table(
    "observations",
    metadata,
    Column(
        "minute", Integer, primary_key=True, autoincrement=False, comment="since 1970"
    ),
    Column("source_id", Integer, primary_key=True, comment="of scan_sources"),
    Column("device", BigInteger, primary_key=True, comment="see wifi.devices"),
    Column("first_s", SmallInteger, nullable=False, comment="seconds in the minute"),
    Column("last_s", SmallInteger, nullable=False, comment="seconds in the minute"),
    Column("rssi_dbm", SmallInteger, nullable=False, comment="the strongest"),
    Column("ap", BigInteger, nullable=False, comment="MAC address, 0 unknown"),
    Column("ssid", Text, comment="network it was associated with"),
    comment="Sightings of devices, one row per device and minute",
    sqlite_with_rowid=False,
)

visits = Table(
    "visits",
    metadata,
    Column(
        "time_in_s",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="first sighting, seconds since 1970",
    ),
    Column("source_id", Integer, primary_key=True, comment="of scan_sources"),
    Column("device", BigInteger, primary_key=True, comment="see wifi.devices"),
    Column("time_out_s", BigInteger, nullable=False, comment="last sighting"),
    Column("observations", Integer, nullable=False, comment="minutes with sightings"),
    Column("rssi_dbm", SmallInteger, nullable=False, comment="the strongest"),
    Column("near_in_s", BigInteger, comment="first near a camera"),
    Column("near_out_s", BigInteger, comment="last near a camera"),
    Column("previous_in_s", BigInteger, comment="begin of its previous visit"),
    Index("visits_of_device", "device", "source_id", "time_in_s"),
    comment="Stays of devices, updated as observations arrive",
    sqlite_with_rowid=False,
)

visit_counts = Table(
    "visit_counts",
    metadata,
    Column(
        "slot_s",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="begin of a quarter of an hour, seconds since 1970",
    ),
    Column("source_id", Integer, primary_key=True, comment="of scan_sources"),
    Column(
        "dwell_class",
        SmallInteger,
        primary_key=True,
        autoincrement=False,
        comment="index in wifi.visits.DWELL_CLASSES_S",
    ),
    Column("is_long", Boolean, primary_key=True, comment="longer than long_stay_s"),
    Column("visits", Integer, nullable=False, comment="that began in the slot"),
    Column(
        "first_visits",
        Integer,
        nullable=False,
        comment="of devices seen for the first time",
    ),
    Column("dwell_s", BigInteger, nullable=False, comment="total length in seconds"),
    Column("longest_s", BigInteger, comment="no visit is longer; some may be gone"),
    Column(
        "measured_s",
        BigInteger,
        comment="dwell_s and visits; the release before does not add here",
    ),
    comment="Sums over visits, updated with them; read by the pages",
    sqlite_with_rowid=False,
)

device_days = Table(
    "device_days",
    metadata,
    Column(
        "day",
        Integer,
        primary_key=True,
        autoincrement=False,
        comment="of the site in which they began, days since 1970",
    ),
    Column("source_id", Integer, primary_key=True, comment="of scan_sources"),
    Column(
        "previous_day",
        Integer,
        primary_key=True,
        autoincrement=False,
        comment="of the device's visit before, -1 none",
    ),
    Column("is_long", Boolean, primary_key=True, comment="longer than long_stay_s"),
    Column("visits", Integer, nullable=False, comment="that began in the day"),
    comment="Sums over visits that tell distinct devices, updated with them",
    sqlite_with_rowid=False,
)

visit_count_rule = Table(
    "visit_count_rule",
    metadata,
    Column(
        "long_stay_s",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="seconds; longer visits are counted as long",
    ),
    Column("zone", Text, comment="whose days device_days has; NULL: it has none"),
    comment="The rule visits were counted by: one row, none at first",
)
