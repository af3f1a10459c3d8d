"""Tables of the store. Every column comment has its unit; moments are UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware datetime in UTC; SQLite stores no offset, PostgreSQL returns its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)


metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True, comment="UUID"),
    Column("kind", Text, nullable=False, comment="EventKind"),
    Column("occurred_at", Moment, nullable=False, comment="the moment it shows"),
    Column("recorded_at", Moment, nullable=False, comment="when it was stored"),
    Column("serial", Text, nullable=False, comment="Meraki serial of the camera"),
    Column("job_id", Text, nullable=False, comment="the job it belongs to"),
    Column("trigger_kind", Text, nullable=False, comment="TriggerKind"),
    Column("trigger_by", Text, nullable=False, comment="who or what it was"),
    Column("camera_name", Text, nullable=False, comment="Dashboard name at that time"),
    Column("title", Text, nullable=False, comment="title of the trigger"),
    Column("video_link", Text, comment="Dashboard page of that moment"),
    Column("snapshot_path", Text, comment="JPEG, relative to data_dir"),
    Column("error", Text, comment="why there is no picture"),
    Column("zone_id", Text, comment="MV Sense zone, 0 is the whole frame"),
    Column(
        "zone_name",
        Text,
        nullable=False,
        server_default=text("''"),
        comment="Dashboard label at that time",
    ),
    Column("details", JSON, nullable=False, comment="numbers and texts by name"),
    Column("reasons", JSON(none_as_null=True), comment="codes and values of texts"),
    Index("events_newest", "occurred_at", "id"),
    Index("events_of_camera", "serial", "occurred_at", "id"),
    Index("events_of_kind", "kind", "occurred_at", "id"),
    Index("events_of_job", "job_id"),
    Index("events_of_zone", "serial", "zone_id", "occurred_at", "id"),
    Index("events_by_recording", "recorded_at"),
    comment="Things that happened; added and purged; a video link may come later",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("job_id", Text, primary_key=True, comment="the job it belongs to"),
    Column("part", Text, primary_key=True, comment="serial, or '' for the thread head"),
    Column("room", Text, primary_key=True, comment="destination as configured"),
    Column("state", Text, nullable=False, comment="DeliveryState"),
    Column("attempts", Integer, nullable=False, comment="attempts to send"),
    Column("message_id", Text, comment="Webex id of the message"),
    Column("error", Text, comment="why the last send failed"),
    Column("changed_at", Moment, nullable=False, comment="last change of this row"),
    Column(
        "may_have_arrived",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="although it was given up",
    ),
    Column("reasons", JSON(none_as_null=True), comment="codes and values of texts"),
    comment="Messages to channels, one row each",
)

repeats = Table(
    "repeats",
    metadata,
    Column("job_id", Text, primary_key=True, comment="the job that waits"),
    Column("times", Integer, nullable=False, comment="equal triggers after the first"),
    Column("begun", Boolean, nullable=False, comment="the number stays"),
    Column("changed_at", Moment, nullable=False, comment="last change of this row"),
    comment="Triggers that joined a waiting job, one row for each such job",
)

clips = Table(
    "clips",
    metadata,
    Column("id", Text, primary_key=True, comment="UUID, also of its event"),
    Column("job_id", Text, nullable=False, comment="the job it belongs to"),
    Column("camera", Text, nullable=False, comment="name in recorder.cameras"),
    Column("trigger_kind", Text, nullable=False, comment="TriggerKind"),
    Column("trigger_by", Text, nullable=False, comment="who or what it was"),
    Column("at", Moment, nullable=False, comment="the trigger's own time"),
    Column("received_at", Moment, nullable=False, comment="when it arrived"),
    Column("title", Text, nullable=False, comment="title of the trigger"),
    Column("rooms", JSON, nullable=False, comment="recipients"),
    Column("about", Text, comment="the event of the alarm"),
    Column("asked_pre_roll_s", Float, comment="none: from the settings"),
    Column("asked_post_roll_s", Float, comment="none: from the settings"),
    Column("state", Text, nullable=False, comment="ClipState"),
    Column("recorder_id", Text, comment="recorder that has it"),
    Column("due_at", Moment, nullable=False, comment="when to record or retry it"),
    Column("began_at", Moment, comment="first picture"),
    Column("ended_at", Moment, comment="last picture"),
    Column("before_s", Float, nullable=False, comment="seconds before the trigger"),
    Column("partial", Boolean, nullable=False, comment="something is missing"),
    Column("gaps", JSON, nullable=False, comment="pairs of ISO times without video"),
    Column("shared", Boolean, nullable=False, comment="file of another trigger"),
    Column("codec", Text, nullable=False, comment="such as h264"),
    Column("path", Text, comment="MP4, relative to data_dir"),
    Column("thumbnail_path", Text, comment="JPEG, relative to data_dir"),
    Column("size_bytes", BigInteger, nullable=False, comment="of the MP4"),
    Column("error", Text, comment="why there is no clip"),
    Column("note", Text, comment="remark"),
    Column("kept", Boolean, nullable=False, comment="never deleted by age or size"),
    Column("notified", Boolean, nullable=False, comment="its message has a job"),
    Column("copy_state", Text, nullable=False, comment="CopyState"),
    Column(
        "caller",
        Text,
        nullable=False,
        server_default=text("''"),
        comment="whose share of the waiting clips it uses",
    ),
    Column("copy_note", Text, comment="why it is not copied yet"),
    Column("lost_by", Text, comment="recorder that died with it"),
    Column("reasons", JSON(none_as_null=True), comment="codes and values of texts"),
    Index("clips_newest", "at", "id"),
    Index("clips_of_camera", "camera", "at", "id"),
    Index("clips_by_state", "state", "due_at"),
    Index("clips_of_file", "path"),
    Index("clips_of_job", "job_id"),
    Index("clips_of_alarm", "about"),
    Index("clips_unnotified", "notified", "state"),
    Index("clips_to_copy", "copy_state"),
    comment="Requested clips and their outcome",
)

recorder_cameras = Table(
    "recorder_cameras",
    metadata,
    Column("camera", Text, primary_key=True, comment="name in recorder.cameras"),
    Column("state", Text, nullable=False, comment="of the connection, one word"),
    Column("text", Text, nullable=False, comment="the same for people"),
    Column("since", Moment, nullable=False, comment="when this state began"),
    Column("seen_at", Moment, nullable=False, comment="when the recorder wrote it"),
    Column("codec", Text, nullable=False, comment="such as h264"),
    Column("width", Integer, nullable=False, comment="pixels"),
    Column("height", Integer, nullable=False, comment="pixels"),
    Column("fps", Float, nullable=False, comment="pictures a second"),
    Column("held_s", Float, nullable=False, comment="video in the ring"),
    Column("gop_s", Float, nullable=False, comment="between two keyframes"),
    Column("kbit_s", Float, nullable=False, comment="of the stream"),
    Column("connects", Integer, nullable=False, comment="since the start"),
    Column("stalls", Integer, nullable=False, comment="since the start"),
    Column(
        "machine",
        Text,
        nullable=False,
        server_default=text("''"),
        comment="where its recorder runs",
    ),
    Column("reasons", JSON(none_as_null=True), comment="codes and values of texts"),
    comment="State of the recorder's cameras",
)

workers = Table(
    "workers",
    metadata,
    Column("executor_id", Text, primary_key=True, comment="id in the job engine"),
    Column("seen_at", Moment, nullable=False, comment="last heartbeat"),
    comment="Processes that run jobs; a silent one has its jobs taken over",
)

watches = Table(
    "watches",
    metadata,
    Column("serial", Text, primary_key=True, comment="Meraki serial"),
    Column("zone_id", Text, primary_key=True, comment="zone; '' for noise"),
    Column("state", JSON, nullable=False, comment="the rule's own state"),
    Column("changed_at", Moment, nullable=False, comment="last write of this row"),
    comment="State of each zone's rule, so that a restart resumes there",
)

presences = Table(
    "presences",
    metadata,
    Column("serial", Text, primary_key=True, comment="Meraki serial"),
    Column("zone_id", Text, primary_key=True, comment="zone, 0 is the whole frame"),
    Column("time_in", Moment, primary_key=True, comment="first count above zero"),
    Column("time_out", Moment, nullable=False, comment="last count above zero"),
    Column("peak_people", Integer, nullable=False, comment="highest count between"),
    Index("presences_by_time", "time_in", "time_out"),
    comment="When people were in a zone; long ones are split into several rows",
)

cameras = Table(
    "cameras",
    metadata,
    Column("serial", Text, primary_key=True, comment="Meraki serial"),
    Column("name", Text, nullable=False, comment="Dashboard name, or the serial"),
    Column("model", Text, nullable=False, comment="such as MV12W"),
    Column("network_id", Text, nullable=False, comment="Meraki network"),
    Column("status", Text, nullable=False, comment="Meraki's: online, offline, ..."),
    Column("asked_at", Moment, nullable=False, comment="when it was fetched"),
    Column(
        "organization",
        Text,
        nullable=False,
        server_default=text("''"),
        comment="its name in the settings, '' for that of meraki",
    ),
    # The release before writes `status` and `asked_at` alone.
    Column("since_status", Text, comment="the status that status_since is about"),
    Column("status_since", Moment, comment="when it changed to that, NULL: not known"),
    Column("since_asked_at", Moment, comment="the asked_at that both were stored with"),
    comment="Dashboard data of each camera",
)

zones = Table(
    "zones",
    metadata,
    Column("serial", Text, primary_key=True, comment="Meraki serial"),
    Column("zone_id", Text, primary_key=True, comment="MV Sense zone"),
    Column("label", Text, nullable=False, comment="Dashboard label"),
    Column("region", JSON(none_as_null=True), comment="left, top, right, bottom; 0..1"),
    comment="Dashboard data of each zone",
)

camera_last_seen = Table(
    "camera_last_seen",
    metadata,
    Column("serial", Text, primary_key=True, comment="Meraki serial"),
    Column("last_seen_at", Moment, nullable=False, comment="last count, to a minute"),
    comment="Last MV Sense message of a camera; silence is the only sign of offline",
)

listeners = Table(
    "listeners",
    metadata,
    Column("listener_id", Text, primary_key=True, comment="MQTT client id"),
    Column("seen_at", Moment, nullable=False, comment="last heartbeat"),
    Column("connected", Boolean, nullable=False, comment="to the MQTT broker"),
    Column("state", Text, nullable=False, comment="of the connection, for people"),
    Column("messages_per_s", Float, nullable=False, comment="in the last interval"),
    Column("people_counts", Integer, nullable=False, comment="topics watched"),
    Column(
        "refused",
        Integer,
        nullable=False,
        server_default="0",
        comment="topics that are not, there are too many",
    ),
    Column("reasons", JSON(none_as_null=True), comment="codes and values of texts"),
    comment="Processes that listen to MV Sense",
)

setting_overrides = Table(
    "setting_overrides",
    metadata,
    Column("name", Text, primary_key=True, comment="setting, such as sense.people"),
    Column("value", JSON, nullable=False, comment="instead of the file's"),
    Column("chosen_at", Moment, nullable=False, comment="when it was"),
    Column("chosen_by", Text, nullable=False, comment="user name"),
    comment="Settings changed on the page; the file gives the defaults",
)

mutes = Table(
    "mutes",
    metadata,
    Column("id", Text, primary_key=True, comment="UUID"),
    Column("serial", Text, comment="only this camera; none: all"),
    Column("zone_id", Text, comment="only this zone of it; none: all"),
    Column("until", Moment, nullable=False, comment="when it expires"),
    Column("muted_at", Moment, nullable=False, comment="when it began"),
    Column("muted_by", Text, nullable=False, comment="user or API key"),
    comment="Times in which crowds are recorded but nobody is notified",
)

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True, comment="lower case"),
    Column("password_hash", Text, nullable=False, comment="werkzeug.security, or pam"),
    Column("role", Text, nullable=False, comment="Role"),
    Column("changed_at", Moment, nullable=False, comment="password or role"),
    comment="People who may log in",
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, comment="chronological"),
    Column("at", Moment, nullable=False, comment="when it was changed"),
    Column("who", Text, nullable=False, comment="user or API key"),
    Column("what", Text, nullable=False, comment="setting or action"),
    Column("before", Text, nullable=False, comment="as displayed"),
    Column("after", Text, nullable=False, comment="as displayed"),
    Column("reasons", JSON(none_as_null=True), comment="codes and values of texts"),
    comment="Who changed what, newest last; never a secret",
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", Text, primary_key=True, comment="what it is for"),
    Column("value", Text, nullable=False, comment="random"),
    comment="Shared by all processes, such as the key of sessions",
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True, comment="SHA-256 of the id in the cookie"),
    Column("user_name", Text, nullable=False, comment="lower case"),
    Column("started_at", Moment, nullable=False, comment="when the user logged in"),
    Column("used_at", Moment, nullable=False, comment="last use, some minutes late"),
    Column("ends_at", Moment, nullable=False, comment="however busy it is"),
    Column("address", Text, nullable=False, comment="where the user logged in"),
    Column("browser", Text, nullable=False, comment="in words"),
    Column(
        "awaits_code", Boolean, nullable=False, comment="only the password was right"
    ),
    Column("ends_with", Text, nullable=False, comment="digest of a provider's session"),
    Index("sessions_of_user", "user_name"),
    comment="People who are logged in; a session without a row has ended",
)

second_factors = Table(
    "second_factors",
    metadata,
    Column("user_name", Text, primary_key=True, comment="lower case"),
    Column("secret", Text, comment="TOTP, base32; none: not enrolled yet"),
    Column("new_secret", Text, comment="TOTP, base32; until its first code"),
    Column("enrolled_at", Moment, comment="first code of the secret"),
    Column("last_step", BigInteger, nullable=False, comment="last code, in 30 s steps"),
    comment="Authenticator apps of local users",
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user_name", Text, primary_key=True, comment="lower case"),
    Column("code_hash", Text, primary_key=True, comment="SHA-256 of 120 random bits"),
    comment="Each replaces one code of the app, and goes when it is used",
)

cleanings = Table(
    "cleanings",
    metadata,
    Column("kind", Text, primary_key=True, comment="of data, such as Events"),
    Column("cleaned_at", Moment, comment="last time, by its machine's clock"),
    Column("held", Text, nullable=False, comment="why it is not cleaned"),
    comment="When old data was removed last: a leap of the clock since then is seen",
)

schedule_runs = Table(
    "schedule_runs",
    metadata,
    Column("schedule", Text, primary_key=True, comment="such as schedule 1"),
    Column("moment", Moment, nullable=False, comment="when it was due last"),
    Column("set_back_at", Moment, comment="when a clock that was ahead was set"),
    comment="The last run of each schedule, for all workers",
)
