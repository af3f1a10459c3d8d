"""Wordings of what the status says is wrong: alerts store it."""

from __future__ import annotations

from mvsnap.texts import N_
from mvsnap.texts.wording import Reason, Wording

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


def size(size_bytes: int) -> Reason:
    """Return 340 MB or 7.9 GB."""
    if size_bytes < 1_000_000_000:
        return MEGABYTES(number=round(size_bytes / 1e6))
    return GIGABYTES(number=round(size_bytes / 1e9, 1))
