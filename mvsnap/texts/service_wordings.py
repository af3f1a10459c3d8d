"""Wordings of what shows that a service outside is in trouble, and of S3's refusals."""

from __future__ import annotations

from mvsnap.texts import N_
from mvsnap.texts.wording import Wording

# --- any service, by its answers
REFUSED_KEY = Wording(
    "service_refused_key", N_("it refused the key or password (%(status)s)")
)
BUSY = Wording("service_busy", N_("it received too many requests (%(status)s)"))
ERROR = Wording("service_error", N_("it reports an error (%(status)s)"))
SENT_PAGE = Wording(
    "service_sent_page",
    N_("it sent a web page: is there a proxy or a login page in between?"),
)

# --- the heartbeat: whoever expects it
HEARTBEAT = Wording("heartbeat", N_("heartbeat: %(why)s"))
IT_ANSWERED = Wording("heartbeat_answered", N_("it answered %(status)s"))
UNKNOWN_ADDRESS = Wording(
    "heartbeat_unknown_address", N_("it does not know this address")
)

# --- S3; place: the first of them
BUCKET = Wording("bucket", N_("bucket %(name)s at %(host)s"))
UNKNOWN_KEY = Wording(
    "store_unknown_key", N_("%(place)s does not know storage.s3.access_key")
)
WRONG_SECRET = Wording(
    "store_wrong_secret", N_("%(place)s says that storage.s3.secret_key is wrong")
)
DENIES = Wording(
    "store_denies",
    N_("%(place)s denies access to this key; it needs s3:PutObject and s3:GetObject"),
)
NO_BUCKET = Wording(
    "store_no_bucket", N_("%(place)s has no such bucket (storage.s3.bucket)")
)
WRONG_CLOCK = Wording(
    "store_wrong_clock", N_("%(place)s says that this machine's clock is wrong")
)
OTHER_REGION = Wording(
    "store_other_region", N_("%(place)s expects another storage.s3.region")
)
BAD_DIGEST = Wording(
    "store_bad_digest", N_("%(place)s received different bytes than were sent")
)
FULL = Wording("store_full", N_("%(place)s is full"))
ANSWERED = Wording("store_answered", N_("%(place)s answered %(status)s"))
ANSWERED_SO = Wording("store_answered_so", N_("%(place)s answered %(status)s %(name)s"))
SILENT = Wording("store_silent", N_("%(place)s did not answer in time"))
UNTRUSTED = Wording(
    "store_untrusted",
    N_(
        "%(place)s cannot be trusted: is its certificate valid and this machine's time "
        "right?"
    ),
)
UNREACHABLE = Wording("store_unreachable", N_("%(place)s cannot be reached"))
BROKE = Wording(
    "store_broke", N_("%(place)s cannot be reached: the connection broke (%(name)s)")
)
BAD_SETTING = Wording(
    "store_bad_setting", N_("%(place)s: a setting cannot be used (%(name)s)")
)
