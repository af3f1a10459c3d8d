"""Recorder: all cameras, and the one way to get a clip from them.

The rule for overlapping triggers: while a clip of a camera is being recorded, a second
trigger within its window extends it (up to `max_clip_s`) and shares the file; with
`merge: separate`, and whenever the file could not show everything requested, each
trigger gets a file of its own from the same ring. Nothing is fetched twice.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from mvsnap.clock import Clock
from mvsnap.errors import MvsnapError, NotFound
from mvsnap.file_lock import FileLock, try_acquire
from mvsnap.recorder import files
from mvsnap.recorder.clip import Assembler
from mvsnap.recorder.model import (
    CameraSettings,
    CameraStatus,
    ClipResult,
    Merge,
    RecorderSettings,
    RecorderStopped,
    State,
    StreamSource,
)
from mvsnap.recorder.recording import Recording
from mvsnap.recorder.request import ClipRequest
from mvsnap.recorder.ring import Ring
from mvsnap.recorder.sources import source_of
from mvsnap.recorder.times import Times, anchored
from mvsnap.texts.camera_wordings import RECORDING_DISK_FULL
from mvsnap.values import replace

_SHM = Path("/dev/shm")
_STAGGER_S = 0.1  # between the first connections of two cameras
_STOP_S = 3.0
_KEEP_RESULTS_S = 14 * 86400


class CannotRecord(MvsnapError):
    """Another process already records to this data_dir, or it is not writable."""

    code = "cannot_record"


class Recorder:
    """Start it once per process; `record` may be called from any thread."""

    def __init__(
        self,
        settings: RecorderSettings,
        clock: Clock,
        sources: Mapping[str, Callable[[], StreamSource]] | None = None,
    ) -> None:
        """sources: for cameras whose address must be requested, by camera name.

        Raises:
            BadInput: the URL of a camera is invalid.
        """
        self._settings = settings
        self._clock = clock
        self._times = Times(clock)
        self._assembler = Assembler(settings.ffmpeg, settings.ffprobe)
        self._sources = {
            camera.name: (sources or {}).get(camera.name) or _fixed(camera)
            for camera in settings.cameras
        }
        self._rings: dict[str, Ring] = {}
        self._running: dict[str, list[Recording]] = {}
        self._used: Counter[str] = Counter()  # clips that need the ring
        self._memory: Path | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._process_lock: FileLock | None = None

    def start(self, cameras: Iterable[str] | None = None) -> None:
        """Connect to these cameras, one after the other, in threads of their own.

        cameras: None is all; `keep` changes them.

        Raises:
            CannotRecord: another process does, or there is no space for it.
        """
        self._memory = _memory(self._settings)
        self._recordings.mkdir(parents=True, exist_ok=True)
        self._process_lock = _acquire_lock(self._recordings / "lock")
        self._stopping.clear()
        try:
            self._sweep(self._memory)
            self.keep(self._sources if cameras is None else cameras)
        except BaseException:
            # Otherwise the lock would stay locked, by a process that does not record.
            self.stop()
            raise

    def keep(self, cameras: Iterable[str]) -> None:
        """Have the rings of these cameras alone: another recorder has the others.

        A ring that is recorded from ends when that is done, at a later call.
        """
        assert self._memory is not None
        if self._stopping.is_set():
            return
        wanted = frozenset(cameras)
        with self._lock:
            ending = [n for n in self._rings if n not in wanted and not self._used[n]]
            gone = [self._rings.pop(name) for name in ending]
        new = [
            camera
            for camera in self._settings.cameras
            if camera.name in wanted and camera.name not in self._rings
        ]
        for place, camera in enumerate(new):
            ring = Ring(
                camera,
                self._sources[camera.name],
                self._memory / files.slug(camera.name),
                self._settings,
                self._clock,
                self._times,
            )
            ring.start(place * _STAGGER_S)
            self._rings[camera.name] = ring
        _stop_all(gone)
        for ring in gone:
            ring.history.clear()

    def stop(self) -> None:
        """End every connection; a waiting `record` raises RecorderStopped."""
        self._stopping.set()
        rings = list(self._rings.values())
        for ring in rings:
            ring.history.wake()
        _stop_all(rings)
        if self._process_lock is not None:
            self._process_lock.release()
            self._process_lock = None

    def states(self) -> dict[str, CameraStatus]:
        """State of each camera, by name; a full disk shows on those that record."""
        self._times.look()
        found = {name: ring.status() for name, ring in list(self._rings.items())}
        if self._disk_is_full():
            for name, status in found.items():
                if status.state in (State.RECORDING, State.IDLE):
                    text = RECORDING_DISK_FULL()
                    found[name] = replace(status, state=State.DISK_FULL, text=text)
        return found

    def record(
        self,
        camera: str,
        at: datetime,
        pre_roll_s: float | None = None,
        post_roll_s: float | None = None,
        name: str = "",
        *,
        received_at: datetime | None = None,
        begun: Callable[[], object] = lambda: None,
    ) -> ClipResult:
        """Return the clip [at - pre_roll, at + post_roll]; blocks until it is there.

        at: the event's own time; if it was not recent at `received_at` (default: now),
            the clip shows the moment it was received.
        name: identifies this clip; the same name gives the same clip again, also after
            a crash, from what was saved until then.
        begun: called once the request is registered: later requests may share its clip.

        Raises:
            NotFound: no such camera.
            RecorderStopped: call it again with the same name after the next start, or
                where the camera is recorded now.
        """
        with self._using(camera) as ring:
            return self._asked(
                ring, at, (pre_roll_s, post_roll_s), name, received_at, begun
            )

    @contextmanager
    def _using(self, camera: str) -> Iterator[Ring]:
        with self._lock:
            ring = self._rings.get(camera)
            if ring is None and camera in self._sources:
                raise RecorderStopped("another recorder has this camera")
            if ring is None:
                raise NotFound(f"No recording camera {camera[:40]!r}")
            self._used[camera] += 1
        try:
            yield ring
        finally:
            with self._lock:
                self._used[camera] -= 1

    def _asked(
        self,
        ring: Ring,
        at: datetime,
        rolls_s: tuple[float | None, float | None],
        name: str,
        received_at: datetime | None,
        begun: Callable[[], object],
    ) -> ClipResult:
        camera, (pre_roll_s, post_roll_s) = ring.camera.name, rolls_s
        received_at = received_at or self._clock.now()
        request = ClipRequest(
            camera=camera,
            name=name or files.digest(camera, at.isoformat()),
            at=anchored(at, received_at, self._settings.max_event_age_s),
            pre_roll_s=_or(pre_roll_s, ring.camera.pre_roll_s),
            post_roll_s=_or(post_roll_s, ring.camera.post_roll_s),
        )
        request = request.limited(self._settings.max_clip_s)
        return self._recording_of(request, ring, begun, received_at)

    def _recording_of(
        self,
        request: ClipRequest,
        ring: Ring,
        begun: Callable[[], object],
        received_at: datetime | None = None,
    ) -> ClipResult:
        folder = self._recordings / files.digest(request.camera, request.name)
        recording = Recording(
            request,
            folder,
            ring,
            self._assembler,
            settings=self._settings,
            stopping=self._stopping,
            received_at=received_at,
        )
        if (done := recording.finished()) is not None:
            begun()
            return done
        if (owner := recording.owner()) is not None:
            # The first request after a crash records it: their order is arbitrary.
            return recording.part_of(self._recording_of(owner, ring, begun))
        with self._lock:
            running = self._running.setdefault(request.camera, [])
            other = next((t for t in running if self._covers(t, recording)), None)
            if other is None:
                running.append(recording)
        begun()
        if other is not None:
            return recording.share(other)
        try:
            return recording.run()
        finally:
            with self._lock:
                running.remove(recording)

    def _covers(self, running: Recording, wanted: Recording) -> bool:
        if running.request.name == wanted.request.name:
            return True  # the same request, made twice
        if self._settings.merge is Merge.SEPARATE:
            return False
        return running.extend(wanted, self._settings.max_clip_s)

    @property
    def _recordings(self) -> Path:
        return self._settings.data_dir / "recordings"

    def _disk_is_full(self) -> bool:
        return files.free_bytes(self._settings.data_dir) < (
            self._settings.min_free_mb * 1e6
        )

    def _sweep(self, memory: Path) -> None:
        """Delete results that no job needs any more, and rings of removed cameras."""
        known = {files.slug(camera.name) for camera in self._settings.cameras}
        for folder in memory.iterdir():
            if folder.name not in known:
                files.remove_tree(folder)
        results = [each for each in self._recordings.iterdir() if each.is_dir()]
        changed_s = {folder: folder.stat().st_mtime for folder in results}
        # The clock of a machine that has just started may be years ahead of them all.
        newest_s = max(changed_s.values(), default=0.0)
        now_s = min(newest_s, self._clock.now().timestamp())
        for folder, at_s in changed_s.items():
            if at_s < now_s - _KEEP_RESULTS_S:
                files.remove_tree(folder)


def _stop_all(rings: Sequence[Ring]) -> None:
    """Together: a camera that does not answer must not delay the others."""
    for ring in rings:
        ring.begin_to_stop()
    deadline_s = time.monotonic() + _STOP_S
    for ring in rings:
        ring.stop(max(0.0, deadline_s - time.monotonic()))


def _fixed(camera: CameraSettings) -> Callable[[], StreamSource]:
    source = source_of(camera)
    return lambda: source


def _or(given: float | None, default: float) -> float:
    return default if given is None else max(0.0, given)


def memory_folders(settings: RecorderSettings) -> tuple[Path, Path]:
    """Return where the rings are: in memory, or on disk where that is not possible."""
    which = files.digest(str(settings.data_dir.resolve()))[:8]
    shared = _SHM / f"mvsnap-{os.getuid()}-{which}"
    return settings.memory_dir or shared, settings.data_dir / "ring"


def _memory(settings: RecorderSettings) -> Path:
    """Create the folder of the rings: in memory if possible, else on disk."""
    for folder in memory_folders(settings):
        try:
            files.own_folder(folder)
        except OSError:
            continue
        return folder
    raise CannotRecord(f"No folder for the rings in {settings.data_dir}")


def _acquire_lock(path: Path) -> FileLock:
    try:
        lock = try_acquire(path, mode=0o600)
    except OSError as exc:
        raise CannotRecord(f"{path} cannot be locked: {exc.strerror}") from None
    if lock is None:
        raise CannotRecord("Another process already records to this data_dir")
    return lock


__all__ = ["CannotRecord", "Recorder", "RecorderStopped"]
