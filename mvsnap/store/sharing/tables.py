"""Tables of what processes and machines share out, hand over and wait for."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Table, Text

from mvsnap.store.tables import Moment, metadata

file_tasks = Table(
    "file_tasks",
    metadata,
    Column("path", Text, primary_key=True, comment="picture or video, below data_dir"),
    Column("place", Text, primary_key=True, comment="id of a data_dir; '' the bucket"),
    Column("task", Text, nullable=False, comment="FileTask"),
    Column("since", Moment, nullable=False, comment="when it was noted"),
    Index("file_tasks_of_place", "place", "since"),
    comment="What is still to be done with files that machines share in a bucket",
)

data_folders = Table(
    "data_folders",
    metadata,
    Column("data_id", Text, primary_key=True, comment="id of a data_dir"),
    Column("machine", Text, nullable=False, comment="its host name"),
    Column("seen_at", Moment, nullable=False, comment="last sign of its processes"),
    comment="The data_dirs of the processes that share this database",
)

holders = Table(
    "holders",
    metadata,
    Column("kind", Text, primary_key=True, comment="of the work, such as cameras"),
    Column("holder", Text, primary_key=True, comment="id of the process"),
    Column("until", Moment, nullable=False, comment="alive until then, if not renewed"),
    comment="Processes that share work of a kind",
)

holdings = Table(
    "holdings",
    metadata,
    Column("kind", Text, primary_key=True, comment="of the work, such as cameras"),
    Column("name", Text, primary_key=True, comment="of one piece of it"),
    Column("holder", Text, nullable=False, comment="id of the process that has it"),
    Column("asked_by", Text, comment="who gets it when the holder has finished"),
    comment="Who does what, while its holder is alive",
)

identities = Table(
    "identities",
    metadata,
    Column("name", Text, primary_key=True, comment="of a data_dir's process"),
    Column("mark", Text, nullable=False, comment="of its last start"),
    Column("origin", Text, nullable=False, comment="boot and host name of that"),
    Column("seen_at", Moment, nullable=False, comment="last heartbeat"),
    comment="Who uses an id that is in a file: a copied file is noticed",
)

zone_buckets = Table(
    "zone_buckets",
    metadata,
    Column("bucket", Text, primary_key=True, comment="cameras and sensors, by hash"),
    Column("holder", Text, nullable=False, comment="the listener that works on them"),
    Column("worked_until", Moment, comment="what came before that is saved"),
    comment="Which listener has the state of which zones",
)

restores = Table(
    "restores",
    metadata,
    Column("restored_at", Moment, primary_key=True, comment="when it went on"),
    comment="When this database was restored from a backup",
)

job_states = Table(
    "job_states",
    metadata,
    Column("job_id", Text, primary_key=True, comment="UUID"),
    Column("state", Text, nullable=False, comment="JobStage"),
    Column("accepted_at", Moment, nullable=False, comment="when it was triggered"),
    Column("job", Text, nullable=False, comment="the job as the engine has it"),
    Column("run_id", Text, nullable=False, comment="of its next or last run"),
    Column("thread", Text, nullable=False, comment="the job it replies to, or ''"),
    Column("waits_for", Text, comment="what lets it go on; '': the time alone"),
    Column("reason", Text, nullable=False, comment="why it waits or failed"),
    Column("reasons", JSON(none_as_null=True), comment="codes and values of texts"),
    Column("since", Moment, nullable=False, comment="when this state began"),
    Column("next_at", Moment, comment="when it is tried again at the latest"),
    Column("changed_at", Moment, nullable=False, comment="last write of this row"),
    Index("job_states_newest", "accepted_at", "job_id"),
    Index("job_states_by_state", "state", "accepted_at", "job_id"),
    Index("job_states_waiting", "waits_for", "accepted_at"),
    Index("job_states_of_thread", "thread", "state"),
    comment="Jobs that wait or have ended; one that runs first is with the engine",
)
