"""The columns of the Wi-Fi tables as CSV."""

from __future__ import annotations

from mvsnap.core.csv_table import Columns
from mvsnap.wifi.model import (
    DayActivity,
    DwellClass,
    HourActivity,
    ObservationRow,
    VisitRow,
)
from mvsnap.wifi.presence_rows import PresenceRow, ZoneRow

# Of several days, with the average of the hours that are over.
HOUR_COLUMNS: Columns[tuple[HourActivity, float | None]] = (
    ("hour", lambda row: row[0].hour),
    ("visits", lambda row: row[0].visits),
    ("first_visits", lambda row: row[0].new_devices),
    ("returning_visits", lambda row: row[0].visits - row[0].new_devices),
    ("dwell_mean_s", lambda row: round(row[0].dwell_mean_s)),
    ("visits_a_day", lambda row: None if row[1] is None else round(row[1], 2)),
)
DAY_COLUMNS: Columns[DayActivity] = (
    ("day", lambda row: row.day.isoformat()),
    ("visits", lambda row: row.visits),
    ("devices", lambda row: row.devices),
    ("new_devices", lambda row: row.new_devices),
    ("returning_devices", lambda row: row.returning_devices),
    ("dwell_mean_s", lambda row: round(row.dwell_mean_s)),
)
DWELL_COLUMNS: Columns[DwellClass] = (
    ("from_s", lambda row: row.from_s),
    ("to_s", lambda row: row.to_s),
    ("visits", lambda row: row.visits),
)
VISIT_COLUMNS: Columns[VisitRow] = (
    ("device", lambda row: row.device),
    ("network_id", lambda row: row.network_id),
    ("radio", lambda row: row.radio.value),
    ("time_in", lambda row: row.time_in),
    ("time_out", lambda row: row.time_out),
    ("dwell_s", lambda row: round(row.dwell.total_seconds())),
    ("minutes_heard", lambda row: row.observations),
    ("rssi_dbm", lambda row: row.rssi_dbm),
    ("near_in", lambda row: row.near_in),
    ("near_out", lambda row: row.near_out),
    ("is_new", lambda row: "yes" if row.is_new else "no"),
)
OBSERVATION_COLUMNS: Columns[ObservationRow] = (
    ("device", lambda row: row.device),
    ("network_id", lambda row: row.network_id),
    ("radio", lambda row: row.radio.value),
    ("first_at", lambda row: row.first_at),
    ("last_at", lambda row: row.last_at),
    ("rssi_dbm", lambda row: row.rssi_dbm),
    ("access_point", lambda row: row.access_point),
    ("ssid", lambda row: row.ssid),
)
ZONE_COLUMNS: Columns[ZoneRow] = (
    ("camera", lambda row: row.camera),
    ("zone", lambda row: row.zone),
    ("serial", lambda row: row.match.serial),
    ("zone_id", lambda row: row.match.zone_id),
    ("presences", lambda row: row.match.presences),
    ("presences_with_device", lambda row: row.match.accompanied),
    ("devices", lambda row: row.match.visits),
    ("devices_per_presence", lambda row: round(row.match.visits_mean, 2)),
)
PRESENCE_COLUMNS: Columns[PresenceRow] = (
    ("camera", lambda row: row.camera),
    ("zone", lambda row: row.zone),
    ("serial", lambda row: row.presence.serial),
    ("zone_id", lambda row: row.presence.zone_id),
    ("time_in", lambda row: row.presence.time_in),
    ("time_out", lambda row: row.presence.time_out),
    ("lasted_s", lambda row: round(row.lasted.total_seconds(), 1)),
    ("most_people", lambda row: row.presence.peak_people),
    ("devices", lambda row: row.devices),
)
