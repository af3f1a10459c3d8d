from __future__ import annotations

import pytest

from mvsnap.domain import CameraName, Serial
from mvsnap.webhooks.evidence import evidence
from mvsnap.webhooks.rules import RuleMatch
from tests.core.build import DOOR, GATE, HALL

ROBOT, PRESS = CameraName("Robot"), CameraName("Press")
RECORDERS = {ROBOT: None, PRESS: DOOR}
BOTH, CLIP, SNAPSHOT = ("clip", "snapshot"), ("clip",), ("snapshot",)


@pytest.mark.parametrize(
    ("cameras", "actions", "serials", "clips"),
    [
        (("Robot",), BOTH, (), (ROBOT,)),
        (("Press",), BOTH, (DOOR,), (PRESS,)),
        ((DOOR,), BOTH, (DOOR,), (PRESS,)),
        ((DOOR, "Press"), BOTH, (DOOR,), (PRESS,)),
        ((DOOR,), CLIP, (), (PRESS,)),
        (("Press",), SNAPSHOT, (DOOR,), ()),
        ((GATE, "Robot"), BOTH, (GATE,), (ROBOT,)),
        ((), BOTH, (HALL,), (ROBOT, PRESS)),
        ((), CLIP, (), (ROBOT, PRESS)),
        ((), SNAPSHOT, (HALL,), ()),
    ],
)
def test_a_name_is_a_serial_or_a_camera_that_records(
    cameras: tuple[str, ...],
    actions: tuple[str, ...],
    serials: tuple[Serial, ...],
    clips: tuple[CameraName, ...],
) -> None:
    found = evidence(RuleMatch(cameras, None, "", actions), RECORDERS, (HALL,))
    assert (found.serials, found.clips) == (serials, clips)


def test_without_default_the_cameras_of_the_recorder_give_their_snapshots() -> None:
    found = evidence(RuleMatch((), None, "", BOTH), RECORDERS, ())
    assert (found.serials, found.clips, found.notes) == ((DOOR,), (ROBOT, PRESS), ())


def test_what_a_camera_cannot_do_gives_the_other_evidence_and_a_note() -> None:
    clip = evidence(RuleMatch((GATE, HALL), None, "", CLIP), RECORDERS, ())
    assert (clip.serials, clip.clips) == ((GATE, HALL), ())
    assert clip.notes == (
        f"clip: {GATE}, {HALL} not in recorder.cameras; taking a snapshot instead",
    )
    snapshot = evidence(RuleMatch(("Robot",), None, "", SNAPSHOT), RECORDERS, ())
    assert (snapshot.serials, snapshot.clips) == ((), (ROBOT,))
    assert snapshot.notes == (
        "snapshot: Robot not in the Dashboard; recording a clip instead",
    )
