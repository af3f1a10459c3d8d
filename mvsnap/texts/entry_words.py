"""Labels and descriptions of the fields of entries: they come from the settings' model.

The model is also that of `mvsnap check` and of docs/configuration.md, in English.
"""

from __future__ import annotations

from mvsnap.texts import N_

ENTRY_WORDS = (
    N_("URL"),
    N_(
        "Stream URL: rtsp, rtsps, http or https (MJPEG, or one JPEG per "
        "request); may contain USER:PASSWORD@."
    ),
    N_("IXON, agent server id"),
    N_("Default: as in ixon."),
    N_("IXON, stream path"),
    N_("IXON, access type"),
    N_("Meraki serial"),
    N_(
        "Instead of url: use the stream (external RTSP) of this Meraki camera; "
        "together with url: the same camera in the Dashboard, for snapshots."
    ),
    N_("Auth, type"),
    N_("None, basic or digest; default: what the camera requires."),
    N_("Auth, username"),
    N_("User name on the camera."),
    N_("Auth, password"),
    N_("Password on the camera."),
    N_("Mode"),
    N_(
        "Ring: always connected, with pre-roll; on_demand: connects at an "
        "alarm, without pre-roll; default: ring, or on_demand through IXON."
    ),
    N_("Pre-roll"),
    N_("Seconds before the alarm."),
    N_("seconds"),
    N_("Post-roll"),
    N_("Seconds after the alarm."),
    N_("Framerate"),
    N_(
        "Pictures per second requested from a JPEG camera, or kept of MJPEG "
        "over HTTP; of an RTSP camera, only if it sends fewer than 2; auto: 1, "
        "or all of a stream."
    ),
    N_("Recode"),
    N_("Convert clips to H.264; auto: only what browsers cannot play (MJPEG, H.265)."),
    N_("Verify TLS"),
    N_("No: accept any certificate from this camera (https)."),
    N_("Transport"),
    N_(
        "How RTP comes from an RTSP camera: tcp, udp (packets may be lost), or "
        "auto: tcp, and udp only if the camera refuses tcp."
    ),
    N_("Audio"),
    N_(
        "Yes: clips have the camera's sound, if it has any; default: clips "
        "have no sound."
    ),
    N_("Address in the notation of Apprise; a secret."),
    N_("Hours in which messages are sent"),
    N_(
        "One span per line, like mon-fri 08:00-18:00, in the site's time zone; "
        "over midnight if the second time is earlier; empty: always."
    ),
    N_("Outside of these hours"),
    N_("Pictures and events are kept either way."),
    N_("Group, messages"),
    N_(
        "More messages about one camera than this, within the time below, "
        "become one with their number; default: no limit."
    ),
    N_("Group, within"),
    N_("Seconds in which they are counted."),
    N_("Escalation, after"),
    N_(
        "Seconds after which others are notified if nobody has confirmed with "
        "Seen; default: never."
    ),
    N_("Escalation, to"),
    N_("One per line; who is notified: a room, a person or a channel, or a list."),
    N_("Attachment max"),
    N_("Larger clips are a link; 0: no pictures and clips at all."),
    N_("MB"),
    N_("Room"),
    N_("Title, id, space link, e-mail address or name of a person."),
    N_("Bot token"),
    N_("Access token of another bot; default: webex.bot_token."),
    N_("Base URL"),
    N_("Of that bot: URL of the Webex API."),
    N_("Address that takes a POST; a secret."),
    N_("Secret"),
    N_("Signs each message as Standard Webhooks: whsec_ and base64."),
    N_("Links valid"),
    N_("Hours after which links to files expire."),
    N_("hours"),
    N_("Cron"),
    N_("Cron expression (minute hour day month weekday) in the site's time zone."),
    N_("Cameras"),
    N_("One per line; default: meraki.cameras."),
    N_("One per line; default: webex.room."),
    N_("Prefix"),
    N_("Text at the start of the message."),
    N_("Match"),
    N_(
        'What the message must have, one "path: value" per line, like '
        "extraInfo.Device name: Robot *; of several values for one path any is "
        "enough; empty: any message."
    ),
    N_(
        "One per line; serials or names from recorder.cameras; default: as if "
        "no rule matched."
    ),
    N_("One per line; default: as for the token."),
    N_("Title"),
    N_("Default: from the message."),
    N_("Actions"),
    N_(
        "Any of clip, snapshot; or ignore, whatever other rules match; default:"
        " as for the token."
    ),
    N_("Badge, timestamp"),
    N_("Path of the time, like data.time."),
    N_("Badge, user id"),
    N_("Path of the badge number."),
    N_("Badge, reader"),
    N_("Path of the reader name."),
)
