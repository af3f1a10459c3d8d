"""All wordings of reasons. A code is stored and given to programs: it never changes.

The text may be changed; what was stored before keeps its English sentence. Others
stand in `MODULES`.
"""

from __future__ import annotations

from mvsnap.texts import (
    N_,
    audit_wordings,
    broker_wordings,
    camera_wordings,
    channel_wordings,
    file_wordings,
    ixon_wordings,
    refusal_wordings,
    service_wordings,
    status_wordings,
)
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
ENDS_EARLY = Wording(
    "video_ends_early", N_("the video ends %(early_s)s before the trigger")
)
RESTARTED_MEANWHILE = Wording(
    "restarted_meanwhile",
    N_("the machine was restarted, or its clock set back while it was recorded"),
)
RECORDER_DIED = Wording("recorder_died", N_("its recorder %(machine)s died"))
ALARM_LATE = Wording(
    "alarm_late", N_("the alarm arrived late: the video shows the time it arrived")
)

# --- an exchange with a service outside
NO_CONNECTION = Wording("no_connection", N_("no connection within %(limit_s)s"))
NO_ANSWER = Wording("no_answer", N_("no answer within %(limit_s)s"))
NO_ANSWER_AT_ALL = Wording("no_answer_at_all", N_("no answer"))
NO_WHOLE_ANSWER = Wording(
    "no_whole_answer", N_("no complete answer within %(limit_s)s")
)
PROXY_REFUSED = Wording("proxy_refused", N_("the proxy refused or is unreachable"))
TLS_FAILED = Wording(
    "tls_failed",
    N_("TLS failed: is the certificate valid and this machine's time right?"),
)
NO_SUCH_HOST = Wording("no_such_host", N_("the host name was not found"))
NOT_CONNECTED = Wording(
    "not_connected", N_("connection refused, or no route to the host")
)
MALFORMED = Wording(
    "malformed", N_("the request could not be built: is a key or URL malformed?")
)
CONNECTION_BROKE = Wording("connection_broke", N_("the connection broke"))
ANSWER_TOO_LARGE = Wording(
    "answer_too_large", N_("the answer is larger than %(size_mb)s MB")
)
LEADS_HERE = Wording(
    "leads_here",
    N_("%(host)s leads to %(address)s: to this machine or its link"),
)

ADDRESS_UNUSABLE = Wording("address_unusable", N_("the address cannot be used"))
LINK_UNUSABLE = Wording("link_unusable", N_("the link cannot be used"))
IXON_MALFORMED = Wording(
    "ixon_malformed", N_("the request could not be built: check the ixon settings")
)

# --- Meraki
MERAKI_UNREACHABLE = Wording(
    "meraki_unreachable", N_("Meraki (%(host)s) is unreachable: %(why)s")
)
MERAKI_MALFORMED = Wording(
    "meraki_malformed", N_("the request could not be built: check meraki.base_url")
)
MERAKI_BUSY = Wording("meraki_busy", N_("Meraki is too busy (%(status)s)"))
MERAKI_HOLDS = Wording(
    "meraki_holds", N_("Meraki is too busy: it asked for no calls for %(wait_s)s")
)
MERAKI_BUSY_SO_FAR = Wording(
    "meraki_busy_so_far", N_("Meraki has been too busy for it so far")
)
MERAKI_ERROR = Wording("meraki_error", N_("Meraki reports an error (%(status)s)"))
MERAKI_REFUSED = Wording(
    "meraki_refused", N_("Meraki refused the request (%(status)s)")
)
MERAKI_REFUSED_KEY = Wording(
    "meraki_refused_key",
    N_(
        "Meraki refused the API key (401): create a new one under My Profile > API "
        "access, set %(setting)s and check that API access is on for the organization"
    ),
)
MERAKI_FORBIDS = Wording(
    "meraki_forbids",
    N_(
        "Meraki forbids this to the API key (403): give the key's owner the right to "
        "view these cameras, or use the key of someone who has it"
    ),
)
MERAKI_UNKNOWN = Wording(
    "meraki_unknown",
    N_(
        "Meraki does not know this camera, network or organization (404): check the "
        "id, that the API key's owner may see it, and that API access is on for the "
        "organization"
    ),
)
MERAKI_NO_JSON = Wording(
    "meraki_no_json",
    N_(
        "Meraki answered %(status)s without JSON: is there a proxy or a login page in "
        "between?"
    ),
)
MERAKI_ENDLESS = Wording("meraki_endless", N_("Meraki's list never ends (paging loop)"))
MERAKI_REDIRECTS_NOWHERE = Wording(
    "meraki_redirects_nowhere", N_("Meraki redirected without saying where")
)
MERAKI_REDIRECTS_ENDLESSLY = Wording(
    "meraki_redirects_endlessly", N_("Meraki redirected more than %(most)s times")
)
MERAKI_LEADS_AWAY = Wording(
    "meraki_leads_away",
    N_(
        "Meraki's %(what)s leads to %(host)s, which is not one of Meraki's hosts over "
        "https: not followed"
    ),
)
MERAKI_NO_LIST = Wording(
    "meraki_no_list", N_("Meraki answered something other than a list")
)
RTSP_IS_OFF = Wording(
    "rtsp_is_off",
    N_(
        "External RTSP is off on camera %(serial)s: turn it on in the Dashboard, "
        "Cameras > the camera > Settings > External RTSP (second generation and later)"
    ),
)
NO_LAN_ADDRESS = Wording(
    "no_lan_address", N_("Meraki has no LAN address for camera %(serial)s")
)
MERAKI_NO_OBJECT = Wording(
    "meraki_no_object", N_("Meraki answered something other than an object")
)
MERAKI_NO_PICTURE_LINK = Wording(
    "meraki_no_picture_link", N_("Meraki returned no link to the picture")
)
MERAKI_NO_VIDEO_LINK = Wording(
    "meraki_no_video_link", N_("Meraki returned no link to the video")
)
ORGANIZATION = Wording("organization", N_("Organization %(name)s: %(why)s"))
IN_NO_ORGANIZATION = Wording(
    "in_no_organization",
    N_(
        "No organization of the settings (%(names)s) has camera %(serial)s: check the "
        "serial, and that the keys may see it"
    ),
)
STOPPING_UNASKED = Wording(
    "stopping_unasked", N_("mvsnap is stopping: Meraki was not called")
)

# --- why there is no picture
CAMERA_OFFLINE = Wording("camera_offline", N_("The camera is offline"))
NO_VIDEO_THEN = Wording("no_video_then", N_("No video of that moment (%(words)s)"))
NO_VIDEO_YET = Wording(
    "no_video_yet",
    N_("No video of that moment; it may be available within minutes (%(words)s)"),
)
SNAPSHOT_REFUSED = Wording(
    "snapshot_refused", N_("Meraki refused the snapshot (400): %(why)s")
)
REQUEST_REFUSED = Wording(
    "request_refused", N_("Meraki refused the request (400): %(why)s")
)
NO_REASON_GIVEN = Wording("no_reason_given", N_("no reason given"))
NO_PICTURE_YET = Wording("no_picture_yet", N_("not available yet"))
PICTURE_LOST = Wording("picture_lost", N_("it was deleted, or lost with its machine"))
PICTURE_LATE = Wording(
    "picture_late",
    N_("The camera delivered no picture within %(limit_s)s (%(why)s)"),
)
PICTURE_UNUSABLE = Wording("picture_unusable", N_("No picture from Meraki: %(why)s"))
PICTURE_LINK_NOT_HTTP = Wording(
    "picture_link_not_http", N_("Meraki's picture link is not an http(s) URL")
)
PICTURE_LINK_FOREIGN = Wording(
    "picture_link_foreign", N_("The picture link does not lead to a Meraki host")
)
PICTURE_STOPPING = Wording(
    "picture_stopping", N_("mvsnap is stopping: not waiting for the picture")
)
LINK_LEADS_AWAY = Wording(
    "link_leads_away", N_("its link leads away from Meraki's hosts, not followed")
)
TOO_MANY_REDIRECTS = Wording("too_many_redirects", N_("more than %(most)s redirects"))
LAST_ANSWER = Wording("last_answer", N_("last answer: %(status)s"))
LAST_ANSWER_NO_JPEG = Wording(
    "last_answer_no_jpeg",
    N_("last answer: %(bytes)s bytes that are not a complete JPEG"),
)
PICTURE_TOO_LARGE = Wording(
    "picture_too_large", N_("picture too large: %(width)s x %(height)s")
)
PICTURE_TOO_LABORIOUS = Wording(
    "picture_too_laborious", N_("picture too laborious: more than %(most)s scans")
)

MODULES = (
    *(broker_wordings, camera_wordings, channel_wordings, file_wordings),
    ixon_wordings,
    *(refusal_wordings, service_wordings, status_wordings),
)
_ALL = (
    *(one for module in MODULES for one in vars(module).values()),
    *camera_wordings.STATES.values(),
    *status_wordings.DATA.values(),
    *audit_wordings.EVERY,
    *refusal_wordings.PAGE_FOR.values(),
    *tuple(globals().values()),
)
WORDINGS = {one.code: one for one in _ALL if isinstance(one, Wording)}
