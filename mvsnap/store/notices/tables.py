"""Tables of who is notified when: what was kept back, grouped, escalated, seen."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Table, Text, text

from mvsnap.store.tables import Moment, metadata

notices = Table(
    "notices",
    metadata,
    Column("job_id", Text, primary_key=True, comment="the job of the messages"),
    Column("room", Text, primary_key=True, comment="destination as configured"),
    Column("state", Text, nullable=False, comment="NoticeState"),
    Column("camera", Text, nullable=False, comment="counted for it; '': not counted"),
    Column("noted_at", Moment, nullable=False, comment="when its message was due"),
    Column("due_at", Moment, comment="when its job has to be looked at again"),
    Column("group_id", Text, nullable=False, comment="notice_groups.id, or ''"),
    Column("is_extra", Boolean, nullable=False, comment="by an escalation alone"),
    Column("escalate_at", Moment, comment="when others are notified, unless seen"),
    Index("notices_due", "due_at"),
    Index("notices_to_escalate", "escalate_at"),
    Index("notices_of_camera", "room", "camera", "noted_at"),
    Index("notices_of_group", "group_id"),
    comment="Whether a destination is notified of a job: decided once, when it is due",
)

notice_groups = Table(
    "notice_groups",
    metadata,
    Column("id", Text, primary_key=True, comment="UUID of the job with the count"),
    Column("room", Text, nullable=False, comment="destination as configured"),
    Column("camera", Text, nullable=False, comment="serial or name of the camera"),
    Column("ends_at", Moment, nullable=False, comment="when its message is due"),
    Column(
        "handed_over",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="its job was accepted",
    ),
    Index("notice_groups_due", "handed_over", "ends_at"),
    Index("notice_groups_of_camera", "room", "camera", "ends_at"),
    comment="Messages of a camera that became one, with a count",
)

seen_jobs = Table(
    "seen_jobs",
    metadata,
    Column("job_id", Text, primary_key=True, comment="the job of the messages"),
    Column("seen_at", Moment, nullable=False, comment="when somebody confirmed"),
    Column("seen_by", Text, nullable=False, comment="who that was"),
    comment="Of which jobs somebody has seen the messages",
)
