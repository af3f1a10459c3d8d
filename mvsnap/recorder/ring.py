"""Ring: keeps one camera's last seconds in memory, whatever happens to the camera."""

from __future__ import annotations

import errno
import logging
import random
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from mvsnap.clock import Clock
from mvsnap.errors import MvsnapError
from mvsnap.loop import begin
from mvsnap.recorder.command import Container, Input, Sound
from mvsnap.recorder.connection import Connection, WrongContainer, WrongSound
from mvsnap.recorder.diagnosis import Ending, redacted
from mvsnap.recorder.history import History
from mvsnap.recorder.http_stream import CameraRefused, HttpStream
from mvsnap.recorder.model import (
    CameraSettings,
    CameraStatus,
    Format,
    Mode,
    RecorderSettings,
    SourceKind,
    State,
    StreamSource,
    Transport,
)
from mvsnap.recorder.process import NoFfmpeg, version
from mvsnap.recorder.rtsp_reasons import explained
from mvsnap.recorder.run import Run
from mvsnap.recorder.sources import secrets_of
from mvsnap.recorder.timeline import Pace, pace_of
from mvsnap.recorder.times import Times
from mvsnap.texts import camera_wordings as words
from mvsnap.texts.wording import Reason
from mvsnap.values import replace

log = logging.getLogger(__name__)

_JITTER = 0.2  # not all cameras at once when a switch is back
_LONG_GOP_S = 4.0
_JOIN_S = 15.0
_MOST_FITTINGS = 3  # of one connection: each learns one thing about the stream
_NO_FRAMERATE = "framerate has no effect: its stream is neither JPEG nor MJPEG by HTTP"


class _Late(Exception):
    """The connection is not needed any more."""


@dataclass(slots=True, eq=False)
class _Keeper:
    """The state of one thread, which may outlive its purpose in a slow call."""

    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    connection: Connection | None = None


class Ring:
    """At most one connection; a thread of its own keeps it and reconnects."""

    def __init__(
        self,
        camera: CameraSettings,
        source: Callable[[], StreamSource],
        folder: Path,
        settings: RecorderSettings,
        clock: Clock,
        times: Times,
    ) -> None:
        """source: asked before each connection, for those that expire."""
        self.camera = camera
        self._source = source
        self._settings = settings
        self._clock = clock
        self.times = times
        self.history = History(folder, times)
        self._lock = threading.Lock()
        self._holders = 0
        self._keeper = _Keeper()
        self._container = Container.TS
        self._sound = Sound.COPY
        self._described = Format()  # by a connection that is being made again
        self.why = Reason("")  # the last connection ended, or none was ever made
        self.first_picture: float | None = None  # if the first try had any
        self._status = CameraStatus(State.STOPPED, State.STOPPED.text, clock.now())

    def start(self, after_s: float = 0) -> None:
        if self.camera.mode is Mode.ON_DEMAND:
            self._set(State.IDLE)
        else:
            self._begin(after_s)

    def begin_to_stop(self) -> None:
        """End the connection; one still being made ends once it is made."""
        keeper = self._keeper
        keeper.stopping.set()
        connection = keeper.connection
        if connection is not None and connection.child.poll() is None:
            connection.child.terminate()

    def stop(self, limit_s: float) -> None:
        """End the connection and the thread; the memory is kept for a restart."""
        self._end(limit_s)
        self._set(State.STOPPED)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep an on-demand camera connected inside the `with` block."""
        if self.camera.mode is Mode.RING:
            yield
            return
        with self._lock:
            if not self._holders:
                self._begin()
            self._holders += 1
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
                if self._holders == 0:
                    self._end()
                    self.history.prune(float("inf"), 0)
                    self._set(State.IDLE)

    def status(self) -> CameraStatus:
        held_s = self.history.held_s()
        kbit_s = self.history.bytes() / 125 / held_s if held_s > 1 else None
        run = self.history.live()
        is_described = run is not None and run.format.codec is not None
        return replace(
            self._status,
            held_s=held_s,
            kbit_s=kbit_s,
            gop_s=self.history.longest_s(),
            format=run.format if run and is_described else self._described,
        )

    def pace(self, shown: Sequence[float], lengths_s: Sequence[float]) -> Pace:
        """Judge the stream's pace by the ring, too: in a clip, silence looks like it.

        lengths_s: of the clip's own segments, all that is left after a power cut.
        """
        lengths_s = max(self.history.lengths_s(), lengths_s, key=len)
        return pace_of(shown, lengths_s, 1 / (self.camera.framerate or 1))

    def _begin(self, after_s: float = 0) -> None:
        keeper = self._keeper = _Keeper()
        self.why, self.first_picture = Reason(""), None
        self._set(State.STARTING)
        keeper.thread = threading.Thread(
            target=self._run,
            args=(keeper, after_s),
            name=f"ring-{self.camera.name}",
            daemon=True,
        )
        begin(keeper.thread, partial(self._not_begun, keeper))

    def _not_begun(self, keeper: _Keeper) -> None:
        keeper.thread = None
        self._set(State.OFFLINE, words.RECORDER_BUG())

    def _end(self, limit_s: float = _JOIN_S) -> None:
        self.begin_to_stop()
        if (thread := self._keeper.thread) is not None:
            thread.join(limit_s)

    def _run(self, keeper: _Keeper, after_s: float) -> None:
        tries = 0
        stopping = keeper.stopping
        stopping.wait(after_s)
        try:
            while not stopping.is_set():
                began = self.times.now()
                ending = self._once(keeper)
                if stopping.is_set():
                    return
                self._down(ending)
                lasted_s = self.times.now() - began
                tries = 0 if lasted_s > self._settings.timing.steady_s else tries
                stopping.wait(self._wait_s(ending.state, tries))
                # After the wait: clips resumed after a restart come first.
                self._forget()
                tries += 1
        finally:
            if not stopping.is_set():
                self._set(State.OFFLINE, words.RECORDER_BUG())

    def _once(self, keeper: _Keeper) -> Ending:
        """Keep one connection as long as it lasts; return why it ended."""
        secrets: list[str] = []
        try:
            version(self._settings.ffmpeg)
            source = self._source()
            secrets = secrets_of(source)
            return self._fitting(source, keeper)
        except _Late:
            return Ending(State.STOPPED)
        except CameraRefused as exc:
            return exc.ending
        except NoFfmpeg as exc:
            return Ending(State.NO_FFMPEG, exc.as_reason, alone=True)
        except MvsnapError as exc:
            said = redacted(exc.message, secrets)
            why = exc.as_reason if said == exc.message else Reason(said)
            return Ending(State.OFFLINE, why)
        except OSError as exc:
            full = exc.errno in (errno.ENOSPC, errno.EDQUOT)
            if full:
                return Ending(State.DISK_FULL)
            log.warning("camera %s: %s", self.camera.name, type(exc).__name__)
            return Ending(State.OFFLINE, words.NO_MEMORY(), alone=True)
        except Exception as exc:  # noqa: BLE001
            # A bug, but the next try may still work. Its text may contain an address.
            where = traceback.extract_tb(exc.__traceback__)[-1]
            log.error(
                "camera %s: %s in %s line %s",
                self.camera.name,
                type(exc).__name__,
                where.name,
                where.lineno,
            )
            return Ending(State.OFFLINE, words.RECORDER_BUG(), alone=True)

    def _fitting(self, source: StreamSource, keeper: _Keeper) -> Ending:
        """Connect, and again when the stream has shown what kind of run it needs.

        That is remembered: the next connections begin with it.
        """
        try:
            for _ in range(_MOST_FITTINGS):
                try:
                    return self._by_any_transport(source, keeper)
                except WrongContainer as exc:
                    self._described, self._container = exc.form, Container.MKV
                    log.info("camera %s: its segments are Matroska", self.camera.name)
                except WrongSound as exc:
                    self._described, self._sound = exc.form, exc.sound
                    log.info("camera %s: its sound: %s", self.camera.name, exc.sound)
            return Ending(State.NO_VIDEO, words.CANNOT_BE_KEPT())
        finally:
            self._described = Format()

    def _by_any_transport(self, source: StreamSource, keeper: _Keeper) -> Ending:
        """Each time TCP first: over UDP packets get lost without a word."""
        ending = self._connected(source, keeper)
        if ending.is_transport and source.transport is Transport.AUTO:
            source = replace(source, transport=Transport.UDP)
            ending = self._connected(source, keeper)
            if ending.is_transport:
                ending = replace(ending, detail=words.NO_TRANSPORT())
        if keeper.stopping.is_set():
            return ending
        return explained(ending, source, self._settings.ffprobe)

    def _connected(self, source: StreamSource, keeper: _Keeper) -> Ending:
        timing = self._settings.timing
        http_stream, run = None, None
        if source.kind is not SourceKind.RTSP and not keeper.stopping.is_set():
            http_stream = HttpStream(source, timing, self._clock)
            if self._container is Container.TS:  # learned: this camera needs Matroska
                self._container = http_stream.container
        try:
            if keeper.stopping.is_set():  # it arrived while we connected
                raise _Late
            run = self.history.begin(self._container)
            connection = Connection(
                source,
                run,
                self.history,
                http_stream,
                beat=partial(self._beat, run),
                waits=self._waits,
                sound=self._sound if source.audio else Sound.NONE,
                times=self.times,
                timing=timing,
                most_bytes=self._settings.ring_max_mb * 1e6,
                program=self._settings.ffmpeg,
                stopping=keeper.stopping,
            )
        except BaseException:
            if http_stream is not None:
                http_stream.close()
            if run is not None:
                self.history.end(run)
            raise
        keeper.connection = connection
        is_thinned = http_stream is not None and http_stream.kind is Input.MPJPEG
        has_effect = is_thinned or connection.is_slow
        if source.framerate and not has_effect and not self._status.connects:
            log.warning("camera %s: %s", self.camera.name, _NO_FRAMERATE)
        self._status = replace(self._status, connects=self._status.connects + 1)
        return connection.keep()

    def _beat(self, run: Run) -> None:
        """Bytes arrived: report it once, and delete what is too old."""
        self.times.look()
        if self._status.state is not State.RECORDING:
            if self._status.state is State.STARTING:
                self.first_picture = run.first_byte
            else:
                log.info("camera %s is back", self.camera.name)
            self._set(State.RECORDING)
        longest_s = self._forget()
        if longest_s > _LONG_GOP_S and self._status.text == State.RECORDING.text:
            self._set(State.RECORDING, _long(longest_s))
            log.warning("camera %s: %s", self.camera.name, _long(longest_s))

    def _waits(self, text: Reason) -> None:
        """The camera is there, but nothing can be recorded yet."""
        if (self._status.state, self._status.text) != (State.STARTING, text):
            self._set(State.STARTING, text)

    def _forget(self) -> float:
        """Delete what is too old for any clip; return the longest segment's seconds."""
        longest_s = self.history.longest_s() or 0
        keep_s = self.camera.pre_roll_s + self._settings.max_event_age_s + 2 * longest_s
        before = self.times.now() - keep_s
        self.history.prune(before, self._settings.ring_max_mb * 1e6)
        return longest_s

    def _down(self, ending: Ending) -> None:
        if ending.state is State.DISK_FULL:
            self.history.halve()
        if ending.state is State.STALLED:
            self._status = replace(self._status, stalls=self._status.stalls + 1)
        self.why = ending.text
        if self._status.state is not ending.state:
            log.warning("camera %s: %s", self.camera.name, ending.for_log)
        self._set(ending.state, ending.text)
        self.history.wake()

    def _wait_s(self, state: State, tries: int) -> float:
        timing = self._settings.timing
        if state is State.WRONG_PASSWORD:
            return timing.wrong_password_s
        if state in (State.NO_VIDEO, State.NO_FFMPEG):
            return timing.no_video_s
        wait_s = timing.backoff_s[min(tries, len(timing.backoff_s) - 1)]
        return wait_s * random.uniform(1, 1 + _JITTER)

    def _set(self, state: State, text: Reason | None = None) -> None:
        since: datetime = self._status.since
        if state is not self._status.state:
            since = self._clock.now()
        self._status = replace(
            self._status, state=state, text=text or state.text, since=since
        )


def _long(longest_s: float) -> Reason:
    return words.LONG_KEYFRAMES(longest_s=round(longest_s))
