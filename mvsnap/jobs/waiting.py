"""Reads which jobs wait from the tables of dbos: whose they are, and equal ones."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import select

from mvsnap.domain import JobId

WORKFLOW = "run_job"
# Jobs that wait for an equal one: of each kind at most one runs.
EQUAL_QUEUE = "equal"
_WAITING = ["PENDING", "ENQUEUED", "DELAYED"]


def waiting_of_callers(engine: Any, at_most: int) -> Counter[str]:
    """Count the jobs that are accepted and not finished, by caller.

    engine: DBOS itself or its client; both list workflows the same way.
    """
    found = engine.list_workflows(
        name=WORKFLOW,
        status=_WAITING,
        limit=at_most,
        load_input=False,
        load_output=False,
    )
    return Counter(status.authenticated_user or "" for status in found)


def waiting_equal(engine: Any, equal: str) -> JobId | None:
    """Return the newest job with this mark that has never begun.

    dbos has no public way to ask for it. One search of an index, which SQLite uses only
    if its condition is repeated.
    """
    jobs = engine._sys_db
    table = jobs.tables.workflow_status
    statement = (
        select(table.c.workflow_uuid)
        .where(
            table.c.queue_name == EQUAL_QUEUE,
            table.c.status == "ENQUEUED",
            jobs._in_flight_status_prover(),
            table.c.queue_partition_key == equal,
            # One that was recovered after a crash had begun.
            table.c.recovery_attempts == 0,
        )
        .order_by(table.c.created_at.desc())
        .limit(1)
    )
    with jobs.engine.connect() as connection:
        found = connection.execute(statement).scalar_one_or_none()
    return None if found is None else JobId(found)
