"""Tables of the badge review: badge events, verdicts, the directory."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, Table, Text, literal_column

from mvsnap.store.tables import Moment, metadata

badges = Table(
    "badges",
    metadata,
    Column("id", Text, primary_key=True, comment="UUID of time, person and reader"),
    Column("swiped_at", Moment, nullable=False, comment="when the badge was used"),
    Column("recorded_at", Moment, nullable=False, comment="when it was stored"),
    Column("user_id", Text, nullable=False, comment="of the badge, as sent"),
    Column("reader", Text, nullable=False, comment="name of the reader"),
    Column("source", Text, nullable=False, comment="API key or file"),
    Column("details", JSON, nullable=False, comment="other fields, by name"),
    Column("serial", Text, comment="Meraki serial of the reader's camera"),
    Column("picture", Text, nullable=False, comment="PictureState"),
    Column("ask_at", Moment, comment="when the picture is due; none: manual"),
    Column("asks", Integer, nullable=False, comment="attempts to fetch the picture"),
    Column("claimed_by", Text, comment="worker that fetches it"),
    Column("picture_path", Text, comment="JPEG, relative to data_dir"),
    Column("video_link", Text, comment="Dashboard page of that moment"),
    Column("error", Text, comment="why there is no picture"),
    Column("verdict", Text, nullable=False, comment="current Verdict"),
    Column("note", Text, nullable=False, comment="of the verdict"),
    Column("judged_at", Moment, comment="when the verdict was given"),
    Column("judged_by", Text, nullable=False, comment="user name"),
    # Each in the order of the list: a page reads only its own rows.
    Index("badges_newest", "swiped_at", "id"),
    Index("badges_of_reader", "reader", "swiped_at", "id"),
    Index("badges_open_of_reader", "reader", "verdict", "swiped_at", "id"),
    Index("badges_of_user", "user_id", "verdict", "swiped_at", "id"),
    Index("badges_of_verdict", "verdict", "swiped_at", "id"),
    Index("badges_to_ask", "ask_at", "swiped_at"),
    comment="Badges presented to readers, with the picture of that moment",
)
# Written out: with a parameter in its place, SQLite would not use the index.
LACKS_PICTURE = badges.c.picture != literal_column("'fetched'")
# Programs ask for what was judged since they last asked.
Index(
    "badges_judged",
    badges.c.judged_at,
    sqlite_where=badges.c.judged_at.is_not(None),
    postgresql_where=badges.c.judged_at.is_not(None),
)
# Few lack one: the index is small.
Index(
    "badges_lacking_picture",
    badges.c.swiped_at,
    badges.c.id,
    sqlite_where=LACKS_PICTURE,
    postgresql_where=LACKS_PICTURE,
)

near_pictures = Table(
    "near_pictures",
    metadata,
    Column("badge_id", Text, primary_key=True, comment="the badge event"),
    Column("offset_s", Integer, primary_key=True, comment="after the swipe, signed"),
    Column("recorded_at", Moment, nullable=False, comment="of the badge event"),
    Column("asked_at", Moment, nullable=False, comment="when a person asked for it"),
    Column("asked_by", Text, nullable=False, comment="user name"),
    Column("picture", Text, nullable=False, comment="PictureState"),
    Column("ask_at", Moment, comment="when the picture is due; none: manual"),
    Column("asks", Integer, nullable=False, comment="attempts to fetch the picture"),
    Column("claimed_by", Text, comment="worker that fetches it"),
    Column("picture_path", Text, comment="JPEG, relative to data_dir"),
    Column("error", Text, comment="why there is no picture"),
    Index("near_pictures_to_ask", "ask_at"),
    Index("near_pictures_by_age", "recorded_at"),
    comment="Pictures seconds before and after a swipe, which people asked for",
)

judgements = Table(
    "judgements",
    metadata,
    Column("id", Integer, primary_key=True, comment="chronological"),
    Column("badge_id", Text, nullable=False, comment="the badge event"),
    Column("verdict", Text, nullable=False, comment="Verdict"),
    Column("note", Text, nullable=False, comment="as entered"),
    Column("judged_at", Moment, nullable=False, comment="when"),
    Column("judged_by", Text, nullable=False, comment="user name"),
    Column("notify_at", Moment, comment="when the room gets it; none: not (any more)"),
    Column("job_id", Text, comment="the job that posted it"),
    Index("judgements_of_badge", "badge_id", "id"),
    Index("judgements_to_notify", "notify_at"),
    comment="History of verdicts; append-only, the last one counts",
)

cardholders = Table(
    "cardholders",
    metadata,
    Column("user_id", Text, primary_key=True, comment="of the badge"),
    Column("name", Text, nullable=False, comment="as the directory has it"),
    Column("folded", Text, nullable=False, comment="case-folded name, for searching"),
    Column("department", Text, nullable=False, comment="as the directory has it"),
    Column("photo", Text, nullable=False, comment="address or path, or empty"),
    Column("photo_path", Text, comment="JPEG, relative to data_dir"),
    Column("photo_error", Text, comment="why the photo could not be fetched"),
    Column("photo_at", Moment, comment="when it was fetched last"),
    Column("reasons", JSON(none_as_null=True), comment="codes and values of texts"),
    comment="The directory as last read",
)

directories = Table(
    "directories",
    metadata,
    Column("place", Text, primary_key=True, comment="file or address"),
    Column("fingerprint", Text, nullable=False, comment="changes with the directory"),
    Column("read_at", Moment, nullable=False, comment="last attempt"),
    Column("people", Integer, nullable=False, comment="number of people"),
    Column("mistakes", Integer, nullable=False, comment="invalid entries, skipped"),
    Column("error", Text, nullable=False, comment="what is wrong, or empty"),
    Column("reasons", JSON(none_as_null=True), comment="codes and values of texts"),
    comment="Where the directory came from; one row",
)
