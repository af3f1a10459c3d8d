"""Commands: the command lines of ffmpeg. Pure.

None contains the address of a camera: that goes as `ffconcat` text to the program's
stdin, where neither the process list nor a file shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import ffmpeg
from msgspec import Struct

from mvsnap.jpeg import MOST_PIXELS
from mvsnap.recorder.model import Transport

# Protocols to fetch a stream with; `file` is not among them.
_RTSP_PROTOCOLS = "pipe,rtsp,rtp,tcp,udp,tls,crypto"
_QUIET = ("-nostdin", "-hide_banner", "-nostats")
_CRF = 23
_UDP_BYTES = 1_000_000  # a keyframe comes in one burst
_THUMBNAIL_WIDTH = 480
_LIVE_WIDTH = 1280


# The codecs that TS holds. Others it labels as private data, which nothing reads back;
# MPEG-4 part 2 has its configuration outside of the stream, where TS has no place.
_IN_TS = ("h264", "hevc", "mpeg1video", "mpeg2video")
# From one picture to the next, in units of TS (the `TB` of ffmpeg 5 is another one): a
# longer time, or one below zero, is a clock that was set, and the first picture of an
# RTSP connection has no time: then it is as long as to the one after. A picture that is
# a little before the last one has a wrong time, and so has what comes after.
_WAIT, _NEXT_WAIT = "DTS-PREV_INDTS", "NEXT_DTS-DTS"
_IS_STEADY, _IS_NEXT_STEADY = (
    f"gt({wait},0)*lt({wait},{60 * 90_000})" for wait in (_WAIT, _NEXT_WAIT)
)
_IS_WRONG = f"gt(N,1)*between({_WAIT},-{90_000},0)"
_OTHERWISE = f"if({_IS_NEXT_STEADY}*not({_IS_WRONG}),{_NEXT_WAIT},{90_000 // 25})"
_REORDER = f"if(between(PTS-DTS,0,{2 * 90_000}),PTS-DTS,0)"  # B-frames
_DTS = f"if(N,PREV_OUTDTS+if({_IS_STEADY},{_WAIT},{_OTHERWISE}),-{_REORDER})"
# The stream's own time goes on when the clock of the camera is set (or that of this
# machine, for a stream without times). Pictures before the first keyframe are dropped,
# but the list counts their time to the first segment: that always starts at 0.
_STEADY = f"setts=pts='{_DTS}+{_REORDER}':dts='{_DTS}'"
# The same start for Matroska, whose times have another unit. The first picture may have
# no time; next to a sound the muxer refuses two that share theirs. N counts pictures:
# far less than the times of all but the first.
_FROM_ZERO = "setts=" + ":".join(
    f"{time}=if(isnan({time.upper()})\\,N\\,max(N\\,{time.upper()}-STARTPTS))"
    for time in ("pts", "dts")
)
_SOUND_IN_MP4 = ("aac", "mp3")  # that every browser plays
_SOUND_HZ = 32_000


class Container(StrEnum):
    """Of the ring's segments. TS is readable while written, but holds few codecs."""

    TS = "ts"
    MKV = "mkv"


class Sound(StrEnum):
    """What the ring does with the sound of a camera."""

    NONE = "none"
    COPY = "copy"
    AAC = "aac"  # encoded: browsers do not play G.711 and the like


class Piece(Struct, frozen=True):
    """A file of the clip, and the length of its part of the timeline with the gap."""

    path: Path
    duration_s: float


class Input(StrEnum):
    """The ring's stdin."""

    RTSP = "rtsp"  # ffconcat text that names the camera
    MPJPEG = "mpjpeg"
    MPEGTS = "mpegts"
    H264 = "h264"
    HEVC = "hevc"
    ANY = "any"  # ffmpeg detects the format


def container_of(codec: str) -> Container:
    """Return what can hold a video of this codec, by ffmpeg's name of it."""
    return Container.TS if codec in _IN_TS else Container.MKV


def sound_of(codec: str) -> Sound:
    """Return how the ring keeps a sound of this codec, by ffmpeg's name of it."""
    if codec == "none":  # ffmpeg does not know it
        return Sound.NONE
    return Sound.COPY if codec in _SOUND_IN_MP4 else Sound.AAC


def ring(
    kind: Input,
    container: Container,
    folder: Path,
    program: str = "ffmpeg",
    sound: Sound = Sound.NONE,
    *,
    slow: bool = False,
) -> list[str]:
    """Copy a stream into segments of a second, or of one keyframe interval if longer.

    slow: its pictures are seconds apart; the default is to wait for seven of them.

    stdin: the stream (or the ffconcat text); stdout: `name,start,end` of each segment
    as it is closed; stderr: the description of the stream, and errors.
    """
    into: dict[str, object] = {
        "c" if sound is Sound.NONE else "c:v": "copy",
        "f": "segment",
        "segment_time": 1,
        "segment_list": "pipe:1",
        "segment_list_type": "csv",
        # `-flush_packets 1` would be ignored by the segment muxer.
        "segment_format_options": "flush_packets=1",
    }
    if container is Container.TS:
        into["segment_format"] = "mpegts"
        into["bsf:v"] = _STEADY
    else:
        into["segment_format"] = "matroska"
        # Without it a join of the segments has a wrong duration.
        into["reset_timestamps"] = 1
        # Otherwise it writes at keyframes only, which looks like a camera in silence.
        into["segment_format_options"] = "flush_packets=1:cluster_time_limit=1000"
        if kind is Input.RTSP or sound is not Sound.NONE:
            into["bsf:v"] = _FROM_ZERO
    found = {"probesize": 32} if slow else {}
    source = ffmpeg.input("pipe:0", **_ring_input(kind), **found)
    streams = [source["v:0"]]
    if sound is not Sound.NONE:
        streams.append(source["a:0?"])
        into |= _with_sound(sound)
    stream = ffmpeg.output(*streams, str(folder / f"%09d.{container}"), **into)
    return _line(stream.global_args(*_QUIET, "-loglevel", "info"), program)


def trace(program: str = "ffprobe") -> list[str]:
    """Connect to the camera of the ffconcat text on stdin; stderr: all that it says."""
    words = [program, "-hide_banner", "-v", "trace"]
    for name, value in _ring_input(Input.RTSP).items():
        words += [f"-{name}", str(value)]
    return [*words, "pipe:0"]


def describe(path: Path, program: str = "ffprobe") -> list[str]:
    """Describe the streams of a clip as JSON on stdout."""
    return [program, "-v", "error", "-show_streams", "-of", "json", f"file:{path}"]


def clip(
    length_s: float,
    target: Path,
    *,
    codec: str | None,
    recode: bool,
    tolerant: bool = False,
    creation_time: str,
    program: str = "ffmpeg",
) -> list[str]:
    """Join the pieces listed on stdin into an MP4 with its index first.

    length_s: anything later is cut off. The start is never cut: with `-ss` up to one
    keyframe interval of the requested time would be lost.
    tolerant: a second attempt for a broken stream: skip what cannot be read.
    """
    join = {"f": "concat", "safe": 0, "protocol_whitelist": "file,pipe"}
    if tolerant:
        join |= {"fflags": "+discardcorrupt+genpts", "err_detect": "ignore_err"}
    into: dict[str, object] = {
        "t": f"{length_s:.3f}",
        "movflags": "+faststart",
        "metadata": f"creation_time={creation_time}",
        "f": "mp4",
    }
    into |= _h264() if recode else {"c": "copy"}
    if recode:
        join["max_pixels"] = MOST_PIXELS
    if codec == "hevc" and not recode:
        into["tag:v"] = "hvc1"  # the only tag with which Apple plays it
    source = ffmpeg.input("pipe:0", **join)
    stream = ffmpeg.output(source["v:0"], source["a:0?"], str(target), **into)
    return _line(stream.global_args(*_QUIET, "-y", "-loglevel", "error"), program)


def thumbnail(
    clip_path: Path, offset_s: float, target: Path, program: str = "ffmpeg"
) -> list[str]:
    """Write the picture of the clip at `offset_s` as a small JPEG."""
    clip_file = ffmpeg.input(
        str(clip_path), ss=f"{offset_s:.3f}", max_pixels=MOST_PIXELS
    )
    stream = clip_file["v:0"].output(
        str(target),
        vf=f"scale={_THUMBNAIL_WIDTH}:-2",
        **{"frames:v": 1, "q:v": 5, "f": "image2", "update": 1},
    )
    return _line(stream.global_args(*_QUIET, "-y", "-loglevel", "error"), program)


def live_picture(segment: Path, program: str = "ffmpeg") -> list[str]:
    """Write the first picture of a segment, a keyframe, to stdout as a JPEG."""
    stream = ffmpeg.input(str(segment), max_pixels=MOST_PIXELS)["v:0"].output(
        "pipe:1",
        vf=f"scale='min({_LIVE_WIDTH},iw)':-2",
        **{"frames:v": 1, "q:v": 5, "f": "image2pipe", "c:v": "mjpeg"},
    )
    return _line(stream.global_args(*_QUIET, "-loglevel", "error"), program)


def frame_times(path: Path, program: str = "ffprobe") -> list[str]:
    """Write the time of each frame of a clip, in seconds, a line each."""
    words = [program, "-v", "error", "-select_streams", "v:0"]
    words += ["-show_entries", "packet=pts_time", "-of", "csv=p=0"]
    return [*words, f"file:{path}"]


def still(path: Path, offset_s: float, program: str = "ffmpeg") -> list[str]:
    """Write the first frame from `offset_s` on to stdout as a JPEG of full size."""
    found = ffmpeg.input(str(path), ss=f"{offset_s:.4f}", max_pixels=MOST_PIXELS)
    stream = found["v:0"].output(
        "pipe:1", **{"frames:v": 1, "q:v": 2, "f": "image2pipe", "c:v": "mjpeg"}
    )
    return _line(stream.global_args(*_QUIET, "-loglevel", "error"), program)


def rtsp_text(
    url: str, transport: Transport = Transport.TCP, *, slow: bool = False
) -> str:
    """Return the ffconcat text with a camera's address and credentials.

    slow: as for `ring`.
    """
    options = {
        "rtsp_transport": "udp" if transport is Transport.UDP else "tcp",
        "timeout": "10000000",  # us
        # Default probing delays the first picture by two seconds.
        "fpsprobesize": "0",
        "analyzeduration": "500000",
    }
    if slow:
        options["probesize"] = "32"
    if transport is Transport.UDP:
        options["buffer_size"] = str(_UDP_BYTES)
    lines = [f"option {name} {value}" for name, value in options.items()]
    return "\n".join(["ffconcat version 1.0", f"file {_quoted(url)}", *lines, ""])


def pieces_text(pieces: Sequence[Piece]) -> str:
    """Return the ffconcat text that puts the pieces on one timeline."""
    lines = ["ffconcat version 1.0"]
    for piece in pieces:
        lines.append(f"file {_quoted(f'file:{piece.path}')}")
        lines.append(f"duration {piece.duration_s:.6f}")
    return "\n".join([*lines, ""])


def _ring_input(kind: Input) -> dict[str, object]:
    if kind is Input.RTSP:
        # The camera's own timestamps: timestamps of arrival break B-frames.
        return {
            "f": "concat",
            "safe": 0,
            "protocol_whitelist": _RTSP_PROTOCOLS,
            # Some send a picture every few seconds: two must do.
            "analyzeduration": 1_000_000,
        }
    known = {"fpsprobesize": 0, "analyzeduration": 500_000}
    if kind in (Input.MPJPEG, Input.H264, Input.HEVC):
        return {"f": str(kind), "use_wallclock_as_timestamps": 1, **known}
    if kind is Input.MPEGTS:
        return {"f": "mpegts", **known}
    return dict(known)


def _with_sound(sound: Sound) -> dict[str, object]:
    # Otherwise video would wait ten seconds for a sound that pauses.
    into: dict[str, object] = {"max_interleave_delta": 300_000}
    if sound is Sound.AAC:
        into |= {"c:a": "aac", "b:a": "64k", "ac": 1, "ar": _SOUND_HZ}
    else:
        into["c:a"] = "copy"
    return into


def _h264() -> dict[str, object]:
    """What every browser plays; a gap becomes one long picture."""
    return {
        "c:a": "copy",
        "c:v": "libx264",
        "preset": "veryfast",
        "crf": _CRF,
        "pix_fmt": "yuv420p",
        "vf": "scale=trunc(iw/2)*2:trunc(ih/2)*2",
        "fps_mode": "vfr",
        "threads": 2,
    }


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _line(stream: ffmpeg.nodes.OutputStream, program: str) -> list[str]:
    words: list[str] = stream.compile(cmd=program)
    return words
