"""What a service refused of an answer to `init`, which is in no setting yet."""

from __future__ import annotations

from collections.abc import Iterator

from mvsnap.errors import UpstreamError
from mvsnap.texts import ixon_wordings as ixon
from mvsnap.texts.channel_wordings import WEBEX_REFUSED_TOKEN
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import MERAKI_REFUSED_KEY

# Instead of the reasons that name a setting to correct.
_OF_AN_ANSWER = {
    MERAKI_REFUSED_KEY.code: (
        "Meraki refused this API key (401): check that it is complete and that API "
        "access is on for the organization, or create a new one under My Profile > "
        "API access"
    ),
    WEBEX_REFUSED_TOKEN.code: (
        "Webex refused this token (401): check that it is complete, or create a new "
        "one on the bot's page"
    ),
    ixon.REFUSED_TOKEN.code: (
        "IXON refused this token (401): check that it is complete, or create a new "
        "one for the API service account"
    ),
    ixon.REFUSED_NEW_TOKEN.code: (
        "IXON refused the token of a new login (401): check the application ID"
    ),
    ixon.REFUSED_LOGIN.code: (
        "IXON refused this login (%(status)s): check the e-mail address, the password "
        "and the application ID"
    ),
    ixon.FORBIDS.code: (
        "IXON forbids this (403): check the application ID, and that the account may "
        "see its company"
    ),
    ixon.NOT_HERE.code: (
        "IXON's API is not here (%(status)s): check the application ID, "
        "ixon.base_url and ixon.api_version"
    ),
    ixon.WANTS_OTP.code: (
        "IXON requires a one-time password for this account (two-factor login), which "
        "a gateway cannot provide: use an API service account and its token, or an "
        "account without two-factor login"
    ),
}


def refused(error: UpstreamError) -> str:
    """Return its message, which speaks of the answer where it named a setting."""
    whole = error.as_reason
    for cause in _causes(whole):
        if text := _OF_AN_ANSWER.get(cause.code):
            return whole.replace(cause, text % cause.values)
    return whole


def _causes(why: Reason) -> Iterator[Reason]:
    """Yield the reason and those that it is made of, such as what a service added."""
    yield why
    for value in why.values.values():
        if isinstance(value, Reason):
            yield from _causes(value)
