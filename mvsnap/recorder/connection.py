"""Connection: one ffmpeg that fills a run, from its start to its end."""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from mvsnap.recorder import command, diagnosis, process
from mvsnap.recorder.command import Container, Input, Sound
from mvsnap.recorder.diagnosis import Ending
from mvsnap.recorder.history import History, written_until
from mvsnap.recorder.http_stream import HttpStream
from mvsnap.recorder.model import Format, State, StreamSource, Timing, Transport
from mvsnap.recorder.placement import Listed, Placement
from mvsnap.recorder.run import Run
from mvsnap.recorder.sources import secrets_of, with_credentials
from mvsnap.recorder.timeline import Span
from mvsnap.recorder.times import Times
from mvsnap.texts import camera_wordings as words
from mvsnap.texts.wording import Reason
from mvsnap.values import replace

_POLL_S = 1.0  # how often the open segment is checked
_FIRST_POLL_S = 0.1
_LAST_LINES = 50
_MOST_READS = 100
_SLOW_S = 0.5  # pictures further apart than this are few
_MOST_WAIT_S = 150.0  # for the first keyframe of a camera that is there
# What ffmpeg looks at for the first second is megabytes, which the C library would keep
# for a stream's life: with a limit it gives them back.
_SPARING = {"MALLOC_TRIM_THRESHOLD_": f"{512 * 1024}"}


# ffmpeg's words for a stream whose time goes backwards: it would squeeze all pictures
# into one moment until the old time is reached.
_SET_BACK = re.compile(r"Non-monoton.{1,80}previous: (\d{1,18}), current: (-?\d{1,18})")
_SET_TICKS = 3000  # seconds in Matroska; in TS they are shorter, and it has none


class WrongContainer(Exception):
    """The container of this run cannot hold the stream: `form`."""

    def __init__(self, form: Format) -> None:
        super().__init__(form)
        self.form = form


class WrongSound(Exception):
    """The sound of the stream `form` has to be treated in another way: `sound`."""

    def __init__(self, form: Format, sound: Sound) -> None:
        super().__init__(form, sound)
        self.form, self.sound = form, sound


class Connection:
    """Owned by the thread that made it: the child process ends with that thread."""

    def __init__(
        self,
        source: StreamSource,
        run: Run,
        history: History,
        http_stream: HttpStream | None,
        *,
        beat: Callable[[], None],
        waits: Callable[[Reason], None],
        sound: Sound = Sound.NONE,
        times: Times,
        timing: Timing,
        most_bytes: float,
        program: str,
        stopping: threading.Event,
    ) -> None:
        """beat: called when bytes were written; waits: while there are none yet.

        stopping: ends the connection, within a second.
        """
        self._source = source
        self._run = run
        self._history = history
        self._http_stream = http_stream
        self._beat = beat
        self._waits = waits
        self._times = times
        self._timing = timing
        self._stall_s = max(timing.stall_s, 3 / (source.framerate or 1))
        self._most_bytes = most_bytes
        self._stopping = stopping
        self._was_set = False  # the clock of the camera
        self._said: deque[str] = deque(maxlen=_LAST_LINES)
        self._rest = {"list": b"", "said": b""}
        self._open: tuple[Path, int] | None = None
        self._is_ending = self._is_described = False
        self._began = times.now()
        kind = Input.RTSP if http_stream is None else http_stream.kind
        # ffmpeg knows a picture's end by the next one.
        self._is_mjpeg = kind is command.Input.MPJPEG
        self._sound = sound
        rate = source.framerate
        self.is_slow = kind is Input.RTSP and rate is not None and rate * _SLOW_S < 1
        self._placement = Placement(run, 1 / rate if rate and self.is_slow else 0.0)
        line = command.ring(
            kind, run.container, run.folder, program, sound, slow=self.is_slow
        )
        self.child = process.start(line, more=_SPARING)

    def keep(self) -> Ending:
        """Receive until the stream ends or stalls; the child has ended by then.

        Raises:
            WrongContainer: start again with a run that can hold the stream.
            WrongSound: start again with the sound treated so.
        """
        pump = None
        try:
            pump = self._begin_input()
            stalled = self._listen()
        finally:
            self._is_ending = True
            if self._http_stream is not None:
                self._http_stream.close()
            _terminate(self.child)
            self._drain()
            process.end(self.child)
            if pump is not None:
                pump.join(self._timing.stall_s)
            self._history.end(self._run, keeps_open=not self._was_set)
        return self._why_silent(stalled) if stalled else self._why()

    def _begin_input(self) -> threading.Thread | None:
        """Give ffmpeg its input: the camera's address, or the stream itself."""
        stdin = self.child.stdin
        assert stdin is not None
        if self._http_stream is None:
            url, transport = with_credentials(self._source), self._source.transport
            text = command.rtsp_text(url, transport=transport, slow=self.is_slow)
            try:
                stdin.write(text.encode())
                stdin.close()
            except BrokenPipeError:
                pass  # it has ended: its output says why
            return None
        pump = threading.Thread(target=self._pump, name="feed", daemon=True)
        pump.start()
        return pump

    def _pump(self) -> None:
        stdin, http_stream = self.child.stdin, self._http_stream
        assert stdin is not None
        assert http_stream is not None

        def write(content: bytes) -> None:
            if self._run.first_byte is None:
                self._run.first_byte = self._times.now()
            stdin.write(content)
            stdin.flush()

        http_stream.pump(write)
        try:
            stdin.close()
        except OSError:
            return

    def _listen(self) -> Ending | None:
        """Read both pipes until they end, or nobody needs them any more.

        Returns an Ending when the camera has stopped sending.
        """
        with selectors.DefaultSelector() as selector:
            assert self.child.stdout is not None
            assert self.child.stderr is not None
            for pipe, name in (
                (self.child.stdout, "list"),
                (self.child.stderr, "said"),
            ):
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ, name)
            checked = self._times.now()
            while selector.get_map() and not self._stopping.is_set():
                is_new = self._run.last_byte is None or self._placement.is_settling
                pause_s = _FIRST_POLL_S if is_new else _POLL_S
                wait_s = max(0.0, checked + pause_s - self._times.now())
                for key, _ in selector.select(wait_s):
                    if not self._read(key.fd, key.data):
                        selector.unregister(key.fileobj)
                if self._was_set:
                    return Ending(State.OFFLINE, words.CLOCK_SET(), alone=True)
                if self._times.now() - checked >= pause_s:
                    checked = self._times.now()
                    if (ending := self._check_bytes(checked)) is not None:
                        return ending
        return None

    def _read(self, fd: int, name: str) -> bool:
        """Read the lines available; False at the end of the pipe."""
        try:
            more = os.read(fd, 65536)
        except BlockingIOError:
            return True
        # ffmpeg ends its progress lines with a carriage return alone.
        *lines, rest = (self._rest[name] + more).replace(b"\r", b"\n").split(b"\n")
        self._rest[name] = rest[-4096:]
        for line in lines:
            text = line.decode(errors="replace")
            (self._on_segment if name == "list" else self._on_words)(text)
        return bool(more)

    def _on_segment(self, line: str) -> None:
        """Process `000000007.ts,14.000000,16.000000`: that segment is complete."""
        try:
            name, start, end = line.rsplit(",", 2)
            number, start_s, end_s = int(Path(name).stem), float(start), float(end)
        except ValueError:
            return
        arrived = self._times.now()
        if self._is_ending:  # the line arrives at the end, not with the next picture
            path = self._run.folder / name
            arrived = written_until(path, self._run, self._times) or arrived
        listed = Listed(number, start_s, end_s, arrived)
        if self._is_stamped:
            begin_at, end_at = self._placed(listed, self._run.folder / name)
            if self._was_set:
                return
        else:
            # A single picture has no length: it lasts until the next one.
            opened = self._run.opened()
            begin_at = arrived if opened is None else opened.begin
            start_s, end_at = begin_at, max(begin_at, arrived)
        if self._run.first_byte is None:
            self._run.first_byte = begin_at
        self._run.last_byte = max(self._run.last_byte or 0.0, arrived)
        self._history.close_segment(self._run, number, begin_at, end_at, start_s)

    @property
    def _is_stamped(self) -> bool:
        http_stream = self._http_stream
        return http_stream is None or http_stream.kind is not Input.MPJPEG

    def _placed(self, listed: Listed, path: Path) -> Span:
        fps = self._run.format.fps
        late_s = 1 / fps if fps and not self._is_ending else 0.0
        is_last = self._is_ending
        span = self._placement.place(listed, path, late_s, is_last=is_last)
        if (every_s := self._placement.every_s) > _SLOW_S:
            self._stall_s = max(self._stall_s, 3 * every_s)
        self._was_set |= self._placement.was_set
        return span

    def _on_words(self, line: str) -> None:
        secrets = secrets_of(self._source)
        self._said.append(diagnosis.redacted(line, secrets))
        process.log_words(self._said[-1])
        back = _SET_BACK.search(line)
        self._was_set |= back is not None and int(back[1]) - int(back[2]) > _SET_TICKS
        if line.startswith("Output #"):
            self._is_described = True  # what follows is about the segments
        if self._is_described:
            return
        self._on_audio(diagnosis.audio_of(line))
        found = diagnosis.format_of(line)
        if found is None or self._run.format.codec is not None:
            return
        self._run.format = replace(found, audio=self._run.format.audio)
        self._history.describe(self._run)
        needed = command.container_of(found.codec or "")
        if needed is Container.MKV and self._run.container is Container.TS:
            raise WrongContainer(self._run.format)

    def _on_audio(self, codec: str | None) -> None:
        if codec is None or self._run.format.audio is not None:
            return
        self._run.format = replace(self._run.format, audio=codec)
        self._history.describe(self._run)
        needed = command.sound_of(codec)
        if self._sound not in (Sound.NONE, needed):
            raise WrongSound(self._run.format, needed)

    def _check_bytes(self, now: float) -> Ending | None:
        """Check that bytes arrive. Not whole segments: some cameras make long ones."""
        try:
            size = self._run.open_path.stat().st_size
        except FileNotFoundError:  # briefly, between two segments
            size = 0
        is_first = self._open is None and self._run.last_byte is None
        if size and is_first and self._run.container is Container.MKV:
            self._open = self._run.open_path, size  # its header: no picture yet
        if size and (self._run.open_path, size) != self._open:
            self._open = (self._run.open_path, size)
            if self._run.last_byte is None:
                # Few pictures, or keyframes: the next one may take as long.
                self._stall_s = max(self._stall_s, 1.5 * (now - self._began))
                self._run.first_byte = self._run.first_byte or now
                self._history.describe(self._run)
            self._run.last_byte = now
            self._look(now)
            self._beat()
        if size > self._most_bytes:
            return Ending(State.STALLED, words.RING_TOO_SMALL())
        last = self._run.last_byte
        if last is None:
            return self._check_wait(now - self._began)
        if now - last > self._stall_s:
            return Ending(State.STALLED, words.NOTHING_FOR(silent_s=round(now - last)))
        return None

    def _look(self, now: float) -> None:
        """The first pictures come in a heap: those after it say when they were."""
        zero = self._placement.look(now) if self._is_stamped else None
        self._was_set |= self._placement.was_set
        if zero is not None:
            self._history.move(self._run, zero)

    def _check_wait(self, waited_s: float) -> Ending | None:
        """Wait for the first keyframe: until then ffmpeg writes nothing.

        As long as it is video: an RTSP stream in silence is ended by ffmpeg itself.
        """
        transport, is_known = self._source.transport, self._run.format.codec is not None
        # Over UDP, ffmpeg does not notice silence.
        is_rtsp = self._http_stream is None and transport is not Transport.UDP
        has_picture = self._is_mjpeg and self._run.first_byte is not None
        is_video = is_rtsp or is_known or has_picture
        limit_s = _MOST_WAIT_S if is_video else self._timing.first_byte_s
        if waited_s > limit_s:
            return diagnosis.silent(self._run.format, transport)
        if is_known:
            self._waits(words.WAITING_FOR_KEYFRAME())
        elif waited_s > self._timing.first_byte_s:
            self._waits(words.WAITING_FOR_PICTURE())
        return None

    def _drain(self) -> None:
        """Read the remaining output: the list names the segment that was open."""
        assert self.child.stdout is not None
        assert self.child.stderr is not None
        for pipe, name in ((self.child.stdout, "list"), (self.child.stderr, "said")):
            try:
                for _ in range(_MOST_READS):
                    if not self._read(pipe.fileno(), name):
                        break
            except (OSError, WrongContainer, WrongSound):
                continue

    def _why_silent(self, stalled: Ending) -> Ending:
        """What ffmpeg cannot read it only says when it is ended."""
        if stalled.state is State.NO_VIDEO and self._run.format.codec is None:
            said = self._why()
            return said if said.detail == diagnosis.UNKNOWN_CODEC else stalled
        return stalled

    def _why(self) -> Ending:
        if self._http_stream is not None and self._http_stream.ending is not None:
            return self._http_stream.ending
        return diagnosis.ending(self._said, transport=self._source.transport)


def _terminate(child: subprocess.Popen[bytes]) -> None:
    """Ask it to end and wait for it, so that its last output can be read."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(2)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
