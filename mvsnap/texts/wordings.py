"""All wordings of reasons. A code is stored and given to programs: it never changes.

The text may be changed; what was stored before keeps its English sentence.
"""

from __future__ import annotations

from mvsnap.texts import N_
from mvsnap.texts.wording import Wording

# Of several reasons, the cause first.
BOTH = Wording("both", N_("%(first)s; %(then)s"))
WITH = Wording("with", N_("%(first)s: %(then)s"))

# --- why there is no clip
NO_VIDEO = Wording("no_video", N_("no video was recorded"))
NO_VIDEO_BECAUSE = Wording("no_video_because", N_("no video was recorded: %(why)s"))
RESTARTED = Wording("restarted", N_("the machine was restarted, or its clock set back"))
RESTARTED_AFTER = Wording(
    "restarted_after",
    N_("the machine was restarted, or its clock set back after the trigger"),
)
NOT_RECORDED_THEN = Wording(
    "not_recorded_then",
    N_("the camera was not recorded at that time, or too long ago"),
)
NO_PICTURE_WITHIN = Wording("no_picture_within", N_("no picture within %(limit_s)s"))
UNREADABLE = Wording("unreadable", N_("the recorded video cannot be read"))
DISK_FULL = Wording("disk_full", N_("the disk is full"))
CLIP_DELETED = Wording("clip_deleted", N_("the clip was deleted"))
CAMERA_REMOVED = Wording(
    "camera_removed",
    N_("the camera was removed from the settings (recorder.cameras)"),
)
RECORDER_GONE = Wording(
    "recorder_gone", N_("its recorder is gone, along with its machine or data_dir")
)
NO_RECORDER = Wording(
    "no_recorder", N_("no recorder has its camera: no process with the role record")
)
RESTORED_BEFORE = Wording(
    "restored_before",
    N_("restored from a backup that was made before it was recorded"),
)
INTERNAL = Wording("internal", N_("internal error; see the log"))

# --- remarks on a clip
NO_PRE_ROLL = Wording("no_pre_roll", N_("no pre-roll"))
STARTS_LATE = Wording(
    "video_starts_late", N_("the video starts %(late_s)s after the trigger")
)
RESTARTED_MEANWHILE = Wording(
    "restarted_meanwhile",
    N_("the machine was restarted, or its clock set back while it was recorded"),
)
RECORDER_DIED = Wording("recorder_died", N_("its recorder %(machine)s died"))
ALARM_LATE = Wording(
    "alarm_late", N_("the alarm arrived late: the video shows the time it arrived")
)

WORDINGS = {
    one.code: one for one in tuple(globals().values()) if isinstance(one, Wording)
}
