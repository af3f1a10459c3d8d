"""Wordings of what the status says is wrong: alerts store it."""

from __future__ import annotations

from mvsnap.texts import N_
from mvsnap.texts.wording import Listing, Reason, Wording

# --- processes
VERSION = Wording("process_version", N_("version %(version)s"))
STOPPED = Wording("process_stopped", N_("stopped, %(what)s"))
SILENT = Wording("process_silent", N_("silent, %(what)s"))
NOT_ASKED = Wording("process_not_asked", N_("not asked lately, %(what)s"))

# --- machines
MEGABYTES = Wording("megabytes", "%(number)s MB")
GIGABYTES = Wording("gigabytes", "%(number)s GB")
FREE = Wording("disk_free", N_("%(free)s of %(total)s free"))
FREE_BESIDE = Wording(
    "disk_free_beside",
    N_("%(free)s of %(total)s free, pictures and clips use %(used)s"),
)
AHEAD = Wording("clock_ahead", N_("%(length_s)s ahead of the database's"))
BEHIND = Wording("clock_behind", N_("%(length_s)s behind the database's"))
CLOCK_WRONG = Wording(
    "clock_wrong", N_("wrong: it says %(clock_at)s (is NTP running?)")
)
SET_AHEAD = Wording(
    "clock_set_ahead",
    N_("set ahead by %(length_s)s since the start: times before that are wrong"),
)
DAYS_AHEAD = Wording(
    "clock_set_days_ahead",
    N_("set ahead by %(count)s days since the start: times before that are wrong"),
)
DAYS_BACK = Wording(
    "clock_set_days_back",
    N_("set back by %(count)s days since the start: times before that are wrong"),
)
SET_BACK = Wording(
    "clock_set_back",
    N_("set back by %(length_s)s since the start: times before that are wrong"),
)
CERTIFICATE_UNREAD = Wording("certificate_unread", N_("cannot be read"))
NOT_VALID_YET = Wording("certificate_not_valid_yet", N_("is not valid yet"))
EXPIRED = Wording("certificate_expired", N_("has expired"))
VALID_UNTIL = Wording("certificate_valid_until", N_("valid until %(day)s"))
FOLDERS = Wording(
    "data_folders_apart",
    N_("%(count)s: pictures and clips open only where they were made"),
)

# --- jobs
ONE_JOB = Wording("one_job", N_("1 job"))
JOBS = Wording("many_jobs", N_("%(count)s jobs"))
ONE_MESSAGE = Wording("one_message", N_("1 message"))
MESSAGES = Wording("many_messages", N_("%(count)s messages"))

# --- data that is past its time and stays; why is stored as a sentence alone
CLOCK_NOT_SETTLED = Wording(
    "clock_not_settled",
    N_(
        "the clock may be far ahead, as before NTP sets it: waiting whether it stays so"
    ),
)
MOST_WOULD_GO = Wording(
    "most_would_go",
    N_(
        "%(rows)s of %(all)s would go at once, and the last cleaning was on %(day)s; "
        "if the clock is right, `mvsnap purge --force` removes them"
    ),
)
STRAYS = Wording(
    "stray_pictures",
    N_(
        "%(rows)s of %(all)s pictures in %(folder)s/ are named by no row, so another "
        "database may have them: is storage.s3.prefix or data_dir used by another "
        "site, or was an old backup restored? If they belong to nobody, "
        "`%(mvsnap)s purge --force` removes those that are a week old"
    ),
)
NOT_REMOVED = Wording("not_removed", N_("%(kinds)s: nothing is removed: %(why)s"))
KINDS_OF_DATA = Listing("kinds_of_data", ", ")
REASONS_TO_KEEP = Listing("reasons_to_keep", "; ")
# By the names in the table of `runtime/cleaning.py`.
DATA = {
    "Clips": Wording("data_clips", N_("Clips")),
    "Events": Wording("data_events", N_("Events")),
    "Messages of alarms": Wording("data_messages_of_alarms", N_("Messages of alarms")),
    "Deliveries": Wording("data_deliveries", N_("Deliveries")),
    "Entries of removed clips": Wording(
        "data_entries_of_removed_clips", N_("Entries of removed clips")
    ),
    "Finished jobs": Wording("data_finished_jobs", N_("Finished jobs")),
    "States of jobs": Wording("data_states_of_jobs", N_("States of jobs")),
    "Troubles": Wording("data_troubles", N_("Troubles")),
    "Notices": Wording("data_notices", N_("Notices")),
    "Requests to the bot": Wording(
        "data_requests_to_the_bot", N_("Requests to the bot")
    ),
    "Visitor counts": Wording("data_visitor_counts", N_("Visitor counts")),
    "Busiest minutes": Wording("data_busiest_minutes", N_("Busiest minutes")),
    "Presences": Wording("data_presences", N_("Presences")),
    "MV Sense states": Wording("data_mv_sense_states", N_("MV Sense states")),
    "Mutes": Wording("data_mutes", N_("Mutes")),
    "Sessions": Wording("data_sessions", N_("Sessions")),
    "Replaced keys": Wording("data_replaced_keys", N_("Replaced keys")),
    "Provider log-ins, shared links": Wording(
        "data_provider_log_ins_shared_links", N_("Provider log-ins, shared links")
    ),
    "Replaced session keys": Wording(
        "data_replaced_session_keys", N_("Replaced session keys")
    ),
    "Audit log": Wording("data_audit_log", N_("Audit log")),
    "Badge events": Wording("data_badge_events", N_("Badge events")),
    "Unused photos": Wording("data_unused_photos", N_("Unused photos")),
    "Wi-Fi observations": Wording("data_wi_fi_observations", N_("Wi-Fi observations")),
    "Wi-Fi visits": Wording("data_wi_fi_visits", N_("Wi-Fi visits")),
    "Stray pictures": Wording("data_stray_pictures", N_("Stray pictures")),
    "Files without a clip": Wording(
        "data_files_without_a_clip", N_("Files without a clip")
    ),
}


def size(size_bytes: int) -> Reason:
    """Return 340 MB or 7.9 GB."""
    if size_bytes < 1_000_000_000:
        return MEGABYTES(number=round(size_bytes / 1e6))
    return GIGABYTES(number=round(size_bytes / 1e9, 1))
