"""Wordings of what a recording camera is doing, and of why it gives no video."""

from __future__ import annotations

from mvsnap.texts import N_
from mvsnap.texts.wording import Wording

IN_DETAIL = Wording("in_detail", N_("%(what)s (%(detail)s)"))

# --- states
IDLE = Wording("idle", N_("ready: connects when a clip is requested"))
STARTING = Wording("starting", N_("connecting"))
RECORDING = Wording("recording", N_("recording"))
STALLED = Wording(
    "stalled", N_("the camera is connected but sends nothing; reconnecting")
)
OFFLINE = Wording("offline", N_("the camera cannot be reached"))
WRONG_PASSWORD = Wording(
    "wrong_password", N_("the camera rejects the user name or password")
)
NO_VIDEO_HERE = Wording(
    "no_video_here", N_("the camera answers, but there is no video at this address")
)
NO_FFMPEG = Wording(
    "no_ffmpeg", N_("install ffmpeg, 5.1 or later (apt-get install ffmpeg)")
)
NOT_STARTED = Wording("not_started", N_("not started"))
LONG_KEYFRAMES = Wording(
    "long_keyframes",
    N_(
        "recording; clips begin up to %(longest_s)s early: set a shorter keyframe "
        "(I-frame) interval on the camera"
    ),
)
RECORDING_DISK_FULL = Wording(
    "recording_disk_full", N_("recording, but the disk is full: no clip can be saved")
)
WAITING_FOR_KEYFRAME = Wording("waiting_for_keyframe", N_("waiting for a keyframe"))
WAITING_FOR_PICTURE = Wording(
    "waiting_for_picture", N_("waiting for the first picture")
)

# --- the same in one or two words, before the reason
STATES = {
    one.text: one
    for one in (
        Wording("is_connecting", N_("connecting")),
        Wording("is_stalled", N_("stalled")),
        Wording("is_offline", N_("offline")),
        Wording("is_wrong_password", N_("wrong password")),
        Wording("is_no_video", N_("no video")),
        Wording("is_disk_full", N_("disk full")),
        Wording("is_no_ffmpeg", N_("no ffmpeg")),
        Wording("is_no_recorder", N_("no recorder")),
        Wording("is_stopped", N_("stopped")),
    )
}

# --- why a connection ended
UNKNOWN_CODEC = Wording(
    "unknown_codec", N_("ffmpeg does not know the codec of its video")
)
HUNG_UP = Wording("hung_up", N_("it ended the connection"))
CAMERA_HUNG_UP = Wording("camera_hung_up", N_("the camera ended the connection"))
NOT_FOUND = Wording("not_found", N_("404 Not Found"))
ANSWERED = Wording("answered", N_("it answered %(status)s to %(method)s"))
REFUSES = Wording("refuses", N_("it refuses"))
NOT_READABLE = Wording("not_readable", N_("its video is not readable"))
NOT_VIDEO = Wording("not_video", N_("what it sends is no video"))
CONNECTION_REFUSED = Wording("connection_refused", N_("connection refused"))
NO_ROUTE = Wording("no_route", N_("no route to host"))
NO_NETWORK = Wording("no_network", N_("network is unreachable"))
NOT_IN_TIME = Wording("not_in_time", N_("no answer in time"))
UNKNOWN_NAME = Wording("unknown_name", N_("its name is not known"))
HAS_ERROR = Wording("has_error", N_("it has an error"))
BUSY = Wording("busy", N_("the camera is busy (%(status)s to %(method)s)"))
ONLY_TRANSPORT = Wording(
    "only_transport",
    N_("the camera gives RTP over %(name)s only: set transport: %(value)s"),
)
NO_TRANSPORT = Wording(
    "no_transport", N_("the camera refuses RTP over TCP and over UDP")
)
NO_KEYFRAME = Wording(
    "no_keyframe",
    N_(
        "the camera sends %(codec)s video, but no keyframe in this time: set a shorter "
        "keyframe (I-frame) interval in it"
    ),
)
NO_KEYFRAME_FOUND = Wording(
    "no_keyframe_found",
    N_(
        "the camera sends %(codec)s video, but no keyframe that ffmpeg finds: set it "
        "to H.264 or H.265"
    ),
)
RECEIVED_NONE = Wording("received_none", N_("connected, but received no picture"))
RECEIVED_NONE_BY_UDP = Wording(
    "received_none_by_udp",
    N_("connected, but received no picture over UDP: does a firewall block it?"),
)
HTTP_STATUS = Wording("http_status", N_("HTTP %(status)s"))
UNREAD_CODEC = Wording(
    "unread_codec",
    N_(
        "the camera sends %(codec)s video, which this ffmpeg cannot read: set it to "
        "H.264 or H.265"
    ),
)
UNKNOWN_DIGEST = Wording(
    "unknown_digest",
    N_(
        "the camera wants digest %(name)s, which this ffmpeg does not know: set the "
        "RTSP authentication to MD5 (or digest/basic) in the camera"
    ),
)
RING_TOO_SMALL = Wording(
    "ring_too_small", N_("no keyframe within the memory of the ring (ring_max_mb)")
)
NOTHING_FOR = Wording("nothing_for", N_("nothing for %(silent_s)s"))
CLOCK_SET = Wording(
    "clock_set", N_("the clock of the stream was set; connecting again")
)
CANNOT_BE_KEPT = Wording("cannot_be_kept", N_("its stream cannot be kept"))
RECORDER_BUG = Wording("recorder_bug", N_("the recorder has a bug: see the log"))
NO_MEMORY = Wording(
    "no_memory", N_("the recorder cannot write to its memory: see the log")
)
NOT_OURS = Wording(
    "not_ours",
    N_("the database does not answer: another recorder may have this camera"),
)

# --- cameras by HTTP
ACCESS_ENDED = Wording(
    "access_ended", N_("access to the camera has ended; opening a new one")
)
REDIRECTS_AWAY = Wording("redirects_away", N_("it redirects to another server"))
REDIRECTS_ENDLESSLY = Wording("redirects_endlessly", N_("it redirects endlessly"))
NO_VIDEO_IN_IT = Wording("no_video_in_it", N_("no video in its answer"))
NO_JPEG_IN_IT = Wording("no_jpeg_in_it", N_("no JPEG in its answer"))
NO_PICTURE_IN_TIME = Wording("no_picture_in_time", N_("no picture in time"))
NO_WHOLE_PICTURE = Wording("no_whole_picture", N_("no complete picture in time"))
NO_MORE_PICTURES = Wording(
    "no_more_pictures", N_("the camera sends no more pictures (%(why)s)")
)
NOT_TRUSTED = Wording(
    "not_trusted",
    N_("its certificate is not trusted: renew it, or set verify_tls: false"),
)
NOT_HTTP = Wording("not_http", N_("its answer is not HTTP"))
WRONG_CODING = Wording("wrong_coding", N_("its Content-Encoding is wrong"))
UNCONNECTED = Wording("unconnected", N_("no connection"))
IS_EMPTY = Wording("is_empty", N_("its answer is empty"))
IS_PLAYLIST = Wording("is_playlist", N_("it sends a playlist (HLS), not a stream"))
OTHER_PICTURE = Wording(
    "other_picture",
    N_("it sends %(name)s; of single pictures, only JPEG can be recorded"),
)
NO_STREAM = Wording("no_stream", N_("it sends %(media)s, not a stream"))
WITHOUT_JPEG = Wording("without_jpeg", N_("it sends %(media)s without a JPEG in it"))
NO_CLIP_OF_IT = Wording(
    "no_clip_of_it",
    N_("the camera sends video, but no clip can be made of it: %(why)s"),
)
