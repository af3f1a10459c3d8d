"""Wordings of what the IXON Cloud refused; its own words follow them."""

from __future__ import annotations

from mvsnap.texts import N_
from mvsnap.texts.wording import Wording

UNREACHABLE = Wording("ixon_unreachable", N_("IXON is unreachable: %(why)s"))
REFUSED_TOKEN = Wording(
    "ixon_refused_token",
    N_(
        "IXON refused the token (401): create a new one for the API service account "
        "and set ixon.token"
    ),
)
REFUSED_NEW_TOKEN = Wording(
    "ixon_refused_new_token",
    N_("IXON refused the token of a new login (401): check ixon.application_id"),
)
FORBIDS = Wording(
    "ixon_forbids",
    N_(
        "IXON forbids this (403): the account needs the right to see the device and "
        "its web access in this company; check ixon.company_id and "
        "ixon.application_id"
    ),
)
NOT_HERE = Wording(
    "ixon_not_here",
    N_(
        "IXON's API is not here (%(status)s): check ixon.base_url, ixon.api_version "
        "and ixon.application_id"
    ),
)
UNKNOWN = Wording(
    "ixon_unknown",
    N_(
        "IXON does not know this company, device or service (404): check "
        "ixon.company_id and ixon.agent_server_id"
    ),
)
REFUSED_LOGIN = Wording(
    "ixon_refused_login",
    N_(
        "IXON refused the login (%(status)s): check ixon.email, ixon.password and "
        "ixon.application_id"
    ),
)
NO_LOGIN_HERE = Wording(
    "ixon_no_login_here",
    N_(
        "IXON has no login at this address (404): check ixon.base_url and "
        "ixon.api_version"
    ),
)
WANTS_OTP = Wording(
    "ixon_wants_otp",
    N_(
        "IXON requires a one-time password for this account (two-factor login), which "
        "a gateway cannot provide: create an API service account and set ixon.token, "
        "or use an account without two-factor login"
    ),
)
IN_ITS_WORDS = Wording("ixon_in_its_words", "%(what)s (IXON: %(words)s)")
ROUTER_OFFLINE = Wording(
    "ixon_router_offline",
    N_(
        "The IXON router of this camera is offline: is it switched on and connected to "
        "the internet?"
    ),
)
REDIRECTS = Wording(
    "ixon_redirects",
    N_("IXON answered with a redirect (%(status)s), not followed: check ixon.base_url"),
)
BUSY = Wording("ixon_busy", N_("IXON is too busy (%(status)s)"))
ERROR = Wording("ixon_error", N_("IXON reports an error (%(status)s)"))
REFUSED = Wording("ixon_refused", N_("IXON refused the request (%(status)s)"))
SAYS_ERROR = Wording("ixon_says_error", N_("IXON refused the request: %(words)s"))
NO_JSON = Wording(
    "ixon_no_json",
    N_(
        "IXON answered %(status)s without JSON: is there a proxy or a login page in "
        "between?"
    ),
)
NO_OBJECT = Wording(
    "ixon_no_object", N_("IXON answered something other than an object")
)
NO_LIST = Wording("ixon_no_list", N_("IXON answered something other than a list"))
ENDLESS = Wording("ixon_endless", N_("IXON's list never ends (paging loop)"))
NO_TOKEN = Wording("ixon_no_token", N_("IXON returned no token after the login"))
NOT_OFFERED = Wording(
    "ixon_not_offered",
    N_("IXON's API does not offer %(name)s: check ixon.base_url and ixon.api_version"),
)
LEADS_AWAY = Wording(
    "ixon_leads_away",
    N_(
        "IXON's address of %(name)s is on another server than ixon.base_url and not "
        "one of IXON's own, so it is not used"
    ),
)
NO_SUCH_SERVICE = Wording(
    "ixon_no_such_service",
    N_(
        "No IXON device of this company has the service '%(name)s': check "
        "ixon.agent_server_id and ixon.company_id"
    ),
)
NO_LINK = Wording("ixon_no_link", N_("IXON returned no link to the camera"))
NO_COMPANY = Wording("ixon_no_company", N_("ixon.company_id is missing"))
LINK_NOT_HTTPS = Wording(
    "ixon_link_not_https", N_("IXON's web access link is not an https URL")
)
NOT_OPEN_YET = Wording(
    "ixon_not_open_yet",
    N_("IXON did not open access to the camera within %(limit_s)s (%(why)s)"),
)
STOPPING = Wording(
    "ixon_stopping", N_("mvsnap is stopping: not waiting for IXON's web access")
)
NO_ACCESS = Wording("ixon_no_access", N_("No web access from IXON: %(why)s"))
NO_COOKIE = Wording(
    "ixon_no_cookie",
    N_("IXON's web access returned no cookie (%(status)s): it must be renewed"),
)
ACCESS_ENDED = Wording(
    "ixon_access_ended",
    N_(
        "IXON's web access was refused (%(status)s): it has ended, or the service "
        "needs approval in the IXON portal"
    ),
)
ACCESS_REFUSED = Wording(
    "ixon_access_refused", N_("IXON's web access was refused (%(status)s)")
)
