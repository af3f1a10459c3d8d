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
    text: Wording(f"data_{text.lower().replace(' ', '_')}", text)
    for text in (
        *(N_("Clips"), N_("Events"), N_("Messages of alarms"), N_("Deliveries")),
        *(N_("Entries of removed clips"), N_("Finished jobs"), N_("States of jobs")),
        *(N_("Troubles"), N_("Notices"), N_("Requests to the bot")),
        *(N_("Visitor counts"), N_("Busiest minutes"), N_("Presences")),
        *(N_("MV Sense states"), N_("Mutes"), N_("Sessions"), N_("Replaced keys")),
        *(N_("Provider log-ins, shared links"), N_("Replaced session keys")),
        *(N_("Audit log"), N_("Badge events"), N_("Unused photos")),
        *(N_("Wi-Fi observations"), N_("Wi-Fi visits")),
        *(N_("Stray pictures"), N_("Files without a clip")),
    )
}


def size(size_bytes: int) -> Reason:
    """Return 340 MB or 7.9 GB."""
    if size_bytes < 1_000_000_000:
        return MEGABYTES(number=round(size_bytes / 1e6))
    return GIGABYTES(number=round(size_bytes / 1e9, 1))
