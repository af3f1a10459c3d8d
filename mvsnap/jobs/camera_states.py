"""The state of the recorder's cameras, stored for the pages of every process."""

from __future__ import annotations

from collections.abc import Collection

from mvsnap.clip_model import RecorderCameraState
from mvsnap.clock import Clock
from mvsnap.domain import CameraName
from mvsnap.recorder import CameraStatus, Recorder
from mvsnap.store.clips import ClipStore

# How often an unchanged state is written: spare the SD card.
SEEN_EVERY_S = 60.0


class CameraStates:
    """machine: where the recorder runs."""

    def __init__(
        self,
        recorder: Recorder,
        clips: ClipStore,
        clock: Clock,
        *,
        machine: str = "",
    ) -> None:
        self._machine = machine
        self._recorder = recorder
        self._clips = clips
        self._clock = clock
        # What was written of each, and when by the monotonic clock.
        self._stored: dict[CameraName, tuple[RecorderCameraState, float]] = {}

    def store_changes(self, held: Collection[str]) -> None:
        """Write what changed, and at times that nothing did.

        held: the cameras that no other recorder has.
        """
        now_s = self._clock.monotonic()
        states = {n: s for n, s in self._recorder.states().items() if n in held}
        for lost in self._stored.keys() - states.keys():
            del self._stored[lost]
        found = [self._camera(CameraName(n), status) for n, status in states.items()]
        news = [camera for camera in found if self._is_news(camera, now_s)]
        if news:
            self._clips.see(news)
            self._stored |= {camera.camera: (camera, now_s) for camera in news}

    def _is_news(self, camera: RecorderCameraState, now_s: float) -> bool:
        if camera.camera not in self._stored:
            return True
        stored, stored_s = self._stored[camera.camera]
        # Not by the moments: a clock that was set back would be silent for as long.
        if now_s - stored_s >= SEEN_EVERY_S:
            return True
        # The numbers change constantly; they are written along with the states above.
        return _standing(stored) != _standing(camera)

    def _camera(self, name: CameraName, status: CameraStatus) -> RecorderCameraState:
        form = status.format
        return RecorderCameraState(
            camera=name,
            state=status.state,
            text=status.text,
            since=status.since,
            seen_at=self._clock.now(),
            codec=form.codec or "",
            width=form.width or 0,
            height=form.height or 0,
            fps=round(form.fps or 0, 1),
            held_s=round(status.held_s, 1),
            gop_s=round(status.gop_s or 0, 1),
            kbit_s=round(status.kbit_s or 0),
            connects=status.connects,
            stalls=status.stalls,
            machine=self._machine,
        )


def _standing(camera: RecorderCameraState) -> tuple[object, ...]:
    return camera.state, camera.text, camera.codec, camera.width
