"""Tables of visitor counts. Every column comment has its unit; moments are UTC."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, Table, Text

from mvsnap.store.tables import Moment, metadata

claims = Table(
    "claims",
    metadata,
    Column("name", Text, primary_key=True, comment="the work, such as visitors"),
    Column("claimed_by", Text, nullable=False, comment="id of the process"),
    Column("until", Moment, nullable=False, comment="when others may claim it"),
    comment="Work that one process does for all of them",
)

visitor_cameras = Table(
    "visitor_cameras",
    metadata,
    Column("serial", Text, primary_key=True, comment="Meraki serial"),
    Column("has_sense", Boolean, comment="MV Sense is on; none: unknown"),
    Column("asked_at", Moment, nullable=False, comment="last request"),
    Column("error", Text, comment="why the last request failed"),
    comment="What the Dashboard says about counting at each camera",
)

visitor_zones = Table(
    "visitor_zones",
    metadata,
    Column("serial", Text, primary_key=True, comment="Meraki serial"),
    Column("zone_id", Text, primary_key=True, comment="of a zone, an area or a line"),
    Column("kind", Text, nullable=False, comment="ZoneKind"),
    Column("label", Text, nullable=False, comment="Dashboard label"),
    Column("hours_asked_at", Moment, comment="last request for its hours"),
    Column("error", Text, comment="why that request failed"),
    comment="Where the Dashboard counts people",
)

page_views = Table(
    "zone_page_views",
    metadata,
    Column("serial", Text, primary_key=True, comment="Meraki serial"),
    Column("zone_id", Text, primary_key=True, comment="zone, area or line"),
    Column("viewed_at", Moment, nullable=False, comment="when somebody opened it"),
    comment="Zones whose page is open: those get pictures",
)

visitor_days = Table(
    "visitor_days",
    metadata,
    Column("serial", Text, primary_key=True, comment="Meraki serial"),
    Column("zone_id", Text, primary_key=True, comment="zone, area or line"),
    Column("began_at", Moment, primary_key=True, comment="midnight of the site"),
    Column("entrances", Integer, nullable=False, comment="times somebody entered"),
    Column("average_people", Float, comment="in view; not for lines"),
    Column("covered_s", Float, nullable=False, comment="seconds of the day covered"),
    Column("is_over", Boolean, nullable=False, comment="the day was over when asked"),
    Index("visitor_days_by_time", "began_at"),
    comment="Dashboard counts per day of the site",
)

visitor_hours = Table(
    "visitor_hours",
    metadata,
    Column("serial", Text, primary_key=True, comment="Meraki serial"),
    Column("zone_id", Text, primary_key=True, comment="zone, area or line"),
    Column("began_at", Moment, primary_key=True, comment="full hour of the site"),
    Column("entrances", Integer, nullable=False, comment="times somebody entered"),
    Column("average_people", Float, comment="in view; not for lines"),
    Column("busiest_at", Moment, comment="begin of the busiest minute"),
    Column("busiest_people", Float, comment="average in view in that minute"),
    Column("busiest_entrances", Integer, nullable=False, comment="in that minute"),
    Index("visitor_hours_by_time", "began_at"),
    comment="Dashboard counts per hour of the site",
)

visitor_pictures = Table(
    "visitor_pictures",
    metadata,
    Column("serial", Text, primary_key=True, comment="Meraki serial"),
    Column("zone_id", Text, primary_key=True, comment="zone, area or line"),
    Column("began_at", Moment, primary_key=True, comment="the hour"),
    Column("minute_at", Moment, nullable=False, comment="its busiest minute"),
    Column("state", Text, nullable=False, comment="PictureState"),
    Column("tries", Integer, nullable=False, comment="attempts so far"),
    Column("again_at", Moment, comment="when to retry; none: never"),
    Column("snapshot_path", Text, comment="JPEG, relative to data_dir"),
    Column("video_link", Text, comment="Dashboard page of that minute"),
    Column("error", Text, comment="why there is no picture"),
    Index("visitor_pictures_by_time", "began_at"),
    comment="Pictures of the busiest minutes",
)
