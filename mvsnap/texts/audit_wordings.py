"""All wordings of the audit log. As of any reason, a code never changes."""

from __future__ import annotations

from mvsnap.texts import N_
from mvsnap.texts.wording import Listing, Reason, Wording

# --- kinds of lines: the release before, and the filter of the page, know them by these
# English words, so they stay as they are
LOG_IN = Wording("audit_login", N_("login"))
LOG_OUT = Wording("audit_logout", N_("logout"))
VIEWED = Wording("audit_viewed", N_("viewed"))
DOWNLOADED = Wording("audit_downloaded", N_("downloaded"))
REFUSED = Wording("audit_refused", N_("refused"))
BOT = Wording("audit_bot", N_("bot in Webex"))

# --- who, if it is no user and no key
COMMAND_LINE = Wording("audit_command_line", N_("command line"))
PROVIDER = Wording("audit_provider", N_("provider"))
UNKNOWN_NAME = Wording("audit_unknown_name", N_("unknown name"))
UNKNOWN_FROM = Wording("audit_unknown_from", N_("unknown, from %(address)s"))
SOMEBODY = Wording("audit_somebody", N_("somebody"))

# --- what it is about
USER = Wording("audit_user", N_("user %(name)s"))
API_KEY = Wording("audit_api_key", N_("API key %(name)s"))
TOKEN = Wording("audit_token", N_("webhook token %(name)s"))
MUTE_ALL = Wording("audit_mute_all", N_("mute of all cameras"))
MUTE_CAMERA = Wording("audit_mute_camera", N_("mute of camera %(serial)s"))
MUTE_ZONE = Wording("audit_mute_zone", N_("mute of camera %(serial)s, zone %(zone)s"))
JOB = Wording("audit_job", N_("job %(id)s"))
EVENT = Wording("audit_event", N_("event %(id)s"))
CAMERA = Wording("audit_camera", N_("camera %(key)s"))
BADGE = Wording("audit_badge", N_("badge event %(id)s"))
CLIP = Wording("audit_clip", N_("clip of %(camera)s, %(clip_at)s"))
SESSION_KEY = Wording("audit_session_key", N_("session key"))
WIFI_SALT = Wording("audit_wifi_salt", N_("Wi-Fi salt"))

# --- several in one
COMMAS = Listing("audit_commas", ", ")
SEMICOLONS = Listing("audit_semicolons", "; ")

# --- logins
FROM = Wording("audit_from", N_("from %(address)s"))
FROM_WITH_CODE = Wording(
    "audit_from_with_code",
    N_("from %(address)s, with a recovery code, %(left)s left"),
)
FAILED = Wording("audit_failed", N_("failed, from %(address)s"))
FAILED_CODE = Wording("audit_failed_code", N_("failed (code), from %(address)s"))
FAILED_OWN = Wording("audit_failed_own", N_("failed (own account), from %(address)s"))
FAILED_ROLE = Wording("audit_failed_role", N_("failed, no role, from %(address)s"))
FAILURES = (FAILED, FAILED_CODE, FAILED_OWN, FAILED_ROLE)

# --- users
ROLES = {
    "viewer": Wording("audit_viewer", N_("viewer")),
    "reviewer": Wording("audit_reviewer", N_("reviewer")),
    "admin": Wording("audit_admin", N_("admin")),
}


def role_words(role: str) -> Reason:
    """Return the name of a role; a newer release may have others."""
    return ROLES[role]() if role in ROLES else Reason(role)


# By what keeps their passwords.
ACCOUNTS = {
    "local": Wording("audit_role", N_("role %(role)s")),
    "pam": Wording("audit_role_system", N_("role %(role)s, system account")),
    "oidc": Wording(
        "audit_role_provider", N_("role %(role)s, account of the provider")
    ),
}
NEW_PASSWORD = Wording("audit_new_password", N_("%(user)s, new password"))
SESSIONS_ENDED = Wording("audit_sessions_ended", N_("all sessions ended"))
SESSION_ENDED = Wording("audit_session_ended", N_("ended one of the own sessions"))
OUT_EVERYWHERE = Wording("audit_out_everywhere", N_("logout everywhere"))
APP = Wording("audit_app", N_("authenticator app"))
APP_SET_UP = Wording(
    "audit_app_set_up", N_("authenticator app set up, other sessions ended")
)
APP_REMOVED = Wording("audit_app_removed", N_("authenticator app removed"))
RECOVERY_CODES = Wording("audit_recovery_codes", N_("new recovery codes"))
REMOVED = Wording("audit_removed", N_("removed"))

# --- keys
MADE = Wording("audit_made", N_("made"))
# By the names of settings.
LIMITS = {
    "cameras": Wording("audit_limit_cameras", N_("cameras %(values)s")),
    "rooms": Wording("audit_limit_rooms", N_("rooms %(values)s")),
    "room": Wording("audit_limit_room", N_("room %(values)s")),
    "scopes": Wording("audit_limit_scopes", N_("scopes %(values)s")),
    "actions": Wording("audit_limit_actions", N_("actions %(values)s")),
}
ALL = Wording("audit_all", N_("all"))
EXPIRES = Wording("audit_expires", N_("expires %(expires_at)s"))
DISABLED = Wording("audit_disabled", N_("disabled"))
NEW_SECRET = Wording("audit_new_secret", N_("new secret; the old one ended"))
NEW_SECRET_UNTIL = Wording(
    "audit_new_secret_until", N_("new secret; the old one ends %(until_at)s")
)
KEY_ROTATED = Wording("audit_key_rotated", N_("rotated; all sessions ended"))
KEY_ROTATED_UNTIL = Wording(
    "audit_key_rotated_until", N_("rotated; sessions of before end %(until_at)s")
)
REPLACED = Wording("audit_replaced", N_("replaced"))

# --- mutes, jobs, events, clips
UNTIL = Wording("audit_until", N_("until %(until_at)s"))
ENDED = Wording("audit_ended", N_("ended"))
STAGES = {
    "waiting": Wording("audit_waiting", N_("waiting")),
    "done": Wording("audit_done", N_("done")),
    "partial": Wording("audit_partial", N_("partial")),
    "failed": Wording("audit_failed_job", N_("failed")),
}
TRIED_AGAIN = Wording("audit_tried_again", N_("tried again"))
SEEN = Wording("audit_seen", N_("seen"))
KEPT = Wording("audit_kept", N_("kept"))
NOT_KEPT = Wording("audit_not_kept", N_("not kept"))
DELETED = Wording("audit_deleted", N_("deleted"))
LINK_UNTIL = Wording("audit_link_until", N_("link for everybody until %(until_at)s"))
LINKS = Wording("audit_links", N_("links for everybody"))
LINKS_ENDED = Wording("audit_links_ended", N_("links ended"))
SNAPSHOT_REQUESTED = Wording("audit_snapshot_requested", N_("snapshot requested"))
RECORDING_REQUESTED = Wording("audit_recording_requested", N_("recording requested"))
WITH_JOB = Wording("audit_with_job", N_("%(what)s, job %(job)s"))

# --- the bot
PICTURE_OF = Wording("audit_picture_of", N_("Taking a picture of %(camera)s"))
CLIP_OF_LAST = Wording(
    "audit_clip_of_last", N_("Making a clip of the last %(length_s)s of %(camera)s")
)
CLIP_OF_NEXT = Wording(
    "audit_clip_of_next", N_("Making a clip of the next %(length_s)s of %(camera)s")
)
BUTTON = Wording("audit_button", N_("button %(verb)s %(subject)s"))
EMPTY_MESSAGE = Wording("audit_empty_message", N_("an empty message"))
BROKEN_BUTTON = Wording("audit_broken_button", N_("a button"))
BOT_REFUSED = Wording("audit_bot_refused", N_("refused: %(why)s"))
AND_OTHERS = Wording(
    "audit_and_others",
    N_("%(why)s; more than %(most)s in an hour: others are not listed"),
)
NOBODY_MAY = Wording("audit_nobody_may", N_("nobody may, webex.commands is empty"))
NOT_AMONG_PEOPLE = Wording("audit_not_among_people", N_("not in webex.commands.people"))
NOT_IN_A_ROOM = Wording(
    "audit_not_in_a_room", N_("not in a room of webex.commands.rooms")
)

# Of a clip without an alarm's own words.
ALARM = Wording("audit_alarm", N_("Alarm"))
BY_HAND = Wording("audit_by_hand", N_("Manual recording"))

# --- settings
ON = Wording("audit_on", N_("on"))
OFF = Wording("audit_off", N_("off"))
ALWAYS = Wording("audit_always", N_("always"))
DEFAULT = Wording("audit_default", N_("default"))
OUTSIDE = {
    "never": Wording("audit_never", N_("never")),
    "later": Wording("audit_later", N_("later")),
}
NUMBER = Wording("audit_number", "%(number)s")
SECONDS = Wording("audit_seconds", "%(number)s s")
EXCEPTION = Wording("audit_exception", N_("1 exception"))
EXCEPTIONS = Wording("audit_exceptions", N_("%(count)s exceptions"))
FROM_FILE = Wording("audit_from_file", N_("%(value)s (from the file)"))
ABOUT = Wording("audit_about", "%(place)s: %(value)s")
PLACE = Wording("audit_place", "%(camera)s, %(zone)s")
ALL_ZONES = Wording("audit_all_zones", N_("all zones"))
FULL_FRAME = Wording("audit_full_frame", N_("Full Frame"))
ZONE = Wording("audit_zone", N_("Zone %(id)s"))
NO_EXCEPTION = Wording("audit_no_exception", N_("no exception"))
SAME_RULE = Wording("audit_same_rule", N_("same as the general rule"))
# By the names of settings.
RULE = {
    "people": Wording("audit_rule_people", N_("people %(value)s")),
    "people_to_start": Wording("audit_rule_start", N_("people to start %(value)s")),
    "people_to_end": Wording("audit_rule_end", N_("people to end %(value)s")),
    "dwell_s": Wording("audit_rule_dwell", N_("dwell %(value)s")),
    "min_messages": Wording("audit_rule_messages", N_("messages %(value)s")),
    "dropout_s": Wording("audit_rule_dropout", N_("dropout %(value)s")),
    "cooldown_s": Wording("audit_rule_cooldown", N_("cool-down %(value)s")),
}
RECIPIENTS = Wording("audit_recipients", N_("recipients: %(rooms)s"))
HOURS = Wording("audit_hours", N_("hours: %(hours)s"))
OUTSIDE_HOURS = Wording("audit_outside_hours", N_("outside of hours: %(what)s"))

# --- entries of the settings
ADDED = Wording("audit_added", N_("added"))
ADDED_AS = Wording("audit_added_as", N_("added, %(kind)s"))
HIDDEN = Wording("audit_hidden", N_("(hidden)"))
NEW_VALUE = Wording("audit_new_value", N_("%(value)s (new)"))
ENTRIES = {
    "recording-cameras": Wording("audit_entry_camera", N_("camera")),
    "channels": Wording("audit_entry_channel", N_("channel")),
    "schedules": Wording("audit_entry_schedule", N_("schedule")),
    "webhook-rules": Wording("audit_entry_rule", N_("rule")),
}

# --- what was looked at
BADGES = Wording("audit_badges", N_("list of badge events"))
BADGE_REPORT = Wording("audit_badge_report", N_("hand-over report of badge events"))
WIFI_VISITS = Wording("audit_wifi_visits", N_("list of Wi-Fi visits"))
WIFI_OBSERVATIONS = Wording("audit_wifi_observations", N_("list of Wi-Fi observations"))
PICTURE = Wording("audit_picture", N_("picture of event %(id)s, %(camera)s"))
CARDHOLDER = Wording(
    "audit_cardholder", N_("event %(id)s with the name of a cardholder")
)
CARDHOLDERS = Wording(
    "audit_cardholders", N_("list of events with the name of a cardholder")
)
VIDEO = Wording("audit_video", N_("clip %(id)s, %(camera)s"))
STILL = Wording("audit_still", N_("still of clip %(id)s, %(camera)s, at %(offset)s s"))
LIVE_VIEW = Wording("audit_live_view", N_("live view of camera %(key)s"))
ZONE_PICTURE = Wording(
    "audit_zone_picture", N_("picture of %(serial)s, zone %(zone)s, hour %(hour)s")
)
NOT_LISTED = Wording(
    "audit_not_listed", N_("more than %(most)s in an hour: others are not listed")
)
REFUSED_AT = Wording("audit_refused_at", "%(method)s %(path)s: %(why)s")

_NAMED = tuple(globals().values())
EVERY = tuple(
    one
    for found in _NAMED
    for one in (found.values() if isinstance(found, dict) else (found,))
    if isinstance(one, Wording)
)
