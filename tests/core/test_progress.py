from __future__ import annotations

import pytest

from mvsnap.core.progress import job_progress
from mvsnap.domain import Delivery, DeliveryState, JobState, PartState, Serial
from tests.core.build import DOOR, GATE, HALL, delivery, event, job

WAITING, SENDING = DeliveryState.WAITING, DeliveryState.SENDING
UNSURE, SENT, FAILED = DeliveryState.UNSURE, DeliveryState.SENT, DeliveryState.FAILED


@pytest.mark.parametrize(
    ("room", "why", "sent", "state", "error"),
    [
        pytest.param(None, "", None, "delivered", None, id="kept, no room"),
        pytest.param(None, "offline", None, "failed", "offline", id="no picture"),
        pytest.param("Alarms", "", None, "pending", None, id="not posted yet"),
        pytest.param("Alarms", "", SENDING, "pending", None, id="being posted"),
        pytest.param("Alarms", "", WAITING, "pending", "Webex", id="to be repeated"),
        pytest.param("Alarms", "", UNSURE, "pending", "Webex", id="may be posted"),
        pytest.param("Alarms", "", SENT, "delivered", None, id="posted"),
        pytest.param("Alarms", "", FAILED, "failed", "Webex", id="given up"),
        pytest.param(
            "Alarms", "offline", WAITING, "pending", "offline", id="bad news waits"
        ),
        pytest.param(
            "Alarms", "offline", SENT, "failed", "offline", id="bad news posted"
        ),
        pytest.param(
            "Alarms", "offline", FAILED, "failed", "Webex", id="nothing worked"
        ),
    ],
)
def test_a_part_is_as_far_as_its_picture_and_its_message(
    room: str | None,
    why: str,
    sent: DeliveryState | None,
    state: str,
    error: str | None,
) -> None:
    taken = event(error=why or None)
    trouble = "Webex" if sent in (WAITING, UNSURE, FAILED) else None
    letters: dict[tuple[str, str], Delivery] = {}
    if sent is not None:
        letters = {(GATE, "Alarms"): delivery(sent, error=trouble)}
    rooms = (room,) if room else ()
    (part,) = job_progress(job(GATE, rooms=rooms), [taken], letters).parts
    assert (part.serial, part.state, part.event) == (GATE, state, taken)
    assert part.error == error


def test_a_part_without_an_event_waits_whatever_was_said_of_it() -> None:
    name = f"{GATE} note"
    note = {(name, "Alarms"): delivery(SENT, part=name)}
    (part,) = job_progress(job(GATE, rooms=("Alarms",)), [], note).parts
    assert (part.state, part.event, part.error) == (PartState.PENDING, None, None)


@pytest.mark.parametrize(
    ("good", "bad", "state"),
    [
        pytest.param([], [], JobState.PENDING, id="nothing yet"),
        pytest.param([GATE, DOOR], [], JobState.PENDING, id="one is missing"),
        pytest.param([GATE], [DOOR], JobState.PENDING, id="one failed, one is missing"),
        pytest.param([GATE, DOOR, HALL], [], JobState.DONE, id="all worked"),
        pytest.param([GATE], [DOOR, HALL], JobState.PARTIAL, id="some worked"),
        pytest.param([], [GATE, DOOR, HALL], JobState.FAILED, id="none worked"),
    ],
)
def test_a_job_is_the_sum_of_its_parts(
    good: list[Serial], bad: list[Serial], state: JobState
) -> None:
    taken = [event(serial=s) for s in good]
    taken += [event(serial=s, error="offline") for s in bad]
    progress = job_progress(job(GATE, DOOR, HALL), taken, {})
    assert progress.state is state
    assert [part.serial for part in progress.parts] == [GATE, DOOR, HALL]
