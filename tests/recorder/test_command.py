"""The lines that start ffmpeg, as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvsnap.recorder import Transport, command, process
from mvsnap.recorder.command import Container, Input, Piece, Sound

RUN = Path("/dev/shm/run")


def after(line: list[str], option: str) -> str:
    return line[line.index(option) + 1]


def test_the_ring_of_an_rtsp_camera() -> None:
    line = " ".join(command.ring(Input.RTSP, Container.TS, RUN))
    assert line.startswith("ffmpeg -f concat ")
    assert line.endswith(
        " -c copy -segment_format mpegts"
        " -segment_format_options flush_packets=1 -segment_list pipe:1"
        " -segment_list_type csv -segment_time 1 /dev/shm/run/%09d.ts"
        " -nostdin -hide_banner -nostats -loglevel info"
    )
    assert "-i pipe:0 -map 0:v:0 -f segment -bsf:v setts=pts=" in line
    assert "wallclock" not in line  # the camera's own timestamps


def test_a_camera_of_few_pictures_is_not_waited_for_seven_times() -> None:
    quick, usual = (
        " ".join(command.ring(Input.RTSP, Container.TS, RUN, slow=slow))
        for slow in (True, False)
    )
    assert ("-probesize 32" in quick, "-probesize" in usual) == (True, False)
    assert "option probesize 32" in command.rtsp_text("rtsp://gate/", slow=True)
    assert "probesize 32" not in command.rtsp_text("rtsp://gate/")


def test_a_camera_cannot_make_ffmpeg_read_a_file_or_the_web() -> None:
    allowed = after(
        command.ring(Input.RTSP, Container.TS, RUN), "-protocol_whitelist"
    ).split(",")
    assert not {"file", "http", "https", "concat", "data"} & set(allowed)


def test_the_ring_of_a_motion_jpeg_is_matroska_stamped_by_arrival() -> None:
    line = command.ring(Input.MPJPEG, Container.MKV, RUN)
    assert after(line, "-segment_format") == "matroska"
    assert after(line, "-reset_timestamps") == "1"
    assert after(line, "-use_wallclock_as_timestamps") == "1"
    assert line.index("-use_wallclock_as_timestamps") < line.index("-i")


@pytest.mark.parametrize(
    ("kind", "wallclock"),
    [(Input.MPEGTS, False), (Input.ANY, False), (Input.H264, True)],
)
def test_only_a_stream_without_times_of_its_own_is_stamped(
    kind: Input, wallclock: bool
) -> None:
    line = command.ring(kind, Container.TS, RUN)
    assert ("-use_wallclock_as_timestamps" in line) is wallclock


def test_sound_is_one_more_stream_if_there_is_one() -> None:
    silent = command.ring(Input.RTSP, Container.TS, RUN)
    assert "0:a:0?" not in silent
    copied = command.ring(Input.RTSP, Container.TS, RUN, sound=Sound.COPY)
    assert (after(copied, "-c:a"), after(copied, "-c:v")) == ("copy", "copy")
    encoded = command.ring(Input.RTSP, Container.TS, RUN, sound=Sound.AAC)
    assert "0:a:0?" in encoded
    assert (after(encoded, "-c:a"), after(encoded, "-c:v")) == ("aac", "copy")


def test_a_clip_is_copied_with_its_index_first_and_its_start_never_cut() -> None:
    line = command.clip(
        30.05,
        Path("/data/x.mp4.part"),
        codec="h264",
        recode=False,
        creation_time="2026-11-21T15:00:00.000Z",
    )
    assert after(line, "-c") == "copy"
    assert after(line, "-movflags") == "+faststart"
    assert after(line, "-t") == "30.050"
    assert after(line, "-metadata") == "creation_time=2026-11-21T15:00:00.000Z"
    assert "-ss" not in line
    assert "-tag:v" not in line


def test_h265_is_copied_under_the_tag_that_apple_plays() -> None:
    line = command.clip(1, Path("x"), codec="hevc", recode=False, creation_time="2026")
    assert after(line, "-tag:v") == "hvc1"


def test_a_clip_that_browsers_cannot_play_is_encoded() -> None:
    line = command.clip(1, Path("x"), codec="mjpeg", recode=True, creation_time="2026")
    assert after(line, "-c:v") == "libx264"
    assert after(line, "-pix_fmt") == "yuv420p"
    assert after(line, "-fps_mode") == "vfr"  # a gap stays one long picture
    assert "-c" not in line


def test_a_thumbnail() -> None:
    line = command.thumbnail(Path("/v/x.mp4"), 9.5, Path("/v/x.jpg.part"))
    assert line.index("-ss") < line.index("-i")
    assert after(line, "-ss") == "9.500"
    assert after(line, "-vf") == "scale=480:-2"


def test_an_address_cannot_add_a_line_of_its_own() -> None:
    text = command.rtsp_text("rtsp://u:p@host/it's")
    assert text.splitlines()[1] == r"file 'rtsp://u:p@host/it'\''s'"
    assert "option rtsp_transport tcp" in text.splitlines()


@pytest.mark.parametrize(
    ("wanted", "used"),
    [(Transport.AUTO, "tcp"), (Transport.TCP, "tcp"), (Transport.UDP, "udp")],
)
def test_rtp_comes_over_tcp_unless_udp_is_wanted(wanted: Transport, used: str) -> None:
    text = command.rtsp_text("rtsp://h/", transport=wanted)
    assert f"option rtsp_transport {used}" in text.splitlines()


def test_pieces_keep_their_place_on_the_time_line() -> None:
    text = command.pieces_text(
        [Piece(Path("/s/a.ts"), 8.25), Piece(Path("/s/b.ts"), 2)]
    )
    assert text == (
        "ffconcat version 1.0\n"
        "file 'file:/s/a.ts'\nduration 8.250000\n"
        "file 'file:/s/b.ts'\nduration 2.000000\n"
    )


def test_ffmpeg_decodes_no_picture_that_is_too_large(tmp_path: Path) -> None:
    film, clip, small = (tmp_path / name for name in ("f.mkv", "c.mp4", "s.jpg"))
    grey = "color=gray:size=8000x6000:rate=1"
    words = ["ffmpeg", "-f", "lavfi", "-i", grey, "-frames:v", "1", "-c:v", "mjpeg"]
    made = process.run([*words, str(film)], b"", 60)
    assert made.code == 0, made.stderr
    assert process.run(command.thumbnail(film, 0, small), b"", 30).code != 0
    line = command.clip(1, clip, codec="mjpeg", recode=True, creation_time="2026-01-01")
    text = command.pieces_text([Piece(film, 1.0)]).encode()
    done = process.run(line, text, 30)
    assert "max_pixels" not in done.stderr  # or the option is not for what it is given
    assert not small.exists()
    assert done.code != 0 or not clip.stat().st_size
