"""Which pictures of an odd camera came into a clip, and when: each says its moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mvsnap.clip_model import Gap
from mvsnap.recorder import ClipResult
from mvsnap.recorder.arrivals import WHOLE_S
from tests.servers.odd_camera import NUMBERS
from tests.servers.rtsp import PICTURES, pictures


@dataclass(frozen=True)
class Came:
    """A picture of a clip: its number, when it was shown by its camera, when it came.

    Seconds, as the number counts them.
    """

    number: int
    at_s: float

    @property
    def late_s(self) -> float:
        return self.at_s - self.number / NUMBERS


def came_in(clip: ClipResult) -> list[Came]:
    assert clip.path is not None
    assert clip.began_at is not None
    began_s, found = clip.began_at.timestamp(), []
    for at_s, shown in pictures(clip.path):
        laps = round(((began_s + at_s) * NUMBERS - shown) / PICTURES)
        found.append(Came(shown + laps * PICTURES, began_s + at_s))
    return found


def assert_gaps_are_silences(
    gaps: Sequence[Gap], came: Sequence[Came], sent: Sequence[int]
) -> None:
    """A busy machine may ask for nothing or receive all late, and says so.

    Then the first picture after the gap is the next one that the camera has sent; one
    may be given up, as that of a camera that hangs. Those that were not recognised
    would be missing between the two.
    """
    for gap in gaps:
        middle_s = (gap.began_at.timestamp() + gap.ended_at.timestamp()) / 2
        before = [one.number for one in came if one.at_s < middle_s]
        after = [one.number for one in came if one.at_s > middle_s]
        if before and after:
            lost = [n for n in sent if before[-1] < n < after[0]]
            assert len(lost) <= 1, (gap, lost)


def assert_goes_on(
    came: Sequence[Came], sent: Sequence[int], end_s: float, every_s: float
) -> None:
    """The last picture that a camera has sent in time is in the clip.

    In time: it came before the end although it was as late as any. A camera that was
    not asked again as usual has sent one that took longer.
    """
    in_time_s = end_s - WHOLE_S - max(one.late_s for one in came)
    due = [n for n in sent if n / NUMBERS < in_time_s]
    later = [n for n in sent if n > due[-1]]
    is_held_up = not later or (later[0] - due[-1]) / NUMBERS > 1.5 * every_s
    assert came[-1].number >= due[-2 if is_held_up else -1]
