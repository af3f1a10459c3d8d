"""Errors of HTTP in the words of people: what happened, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from mvsnap.texts import N_, _

INTERNAL = N_(
    "Something went wrong inside mvsnap. Admins can see the log for the reason."
)
_WORDS: Mapping[int, str] = {
    400: N_(
        "The browser sent something that this page does not understand. Go back, "
        "reload the page and try again."
    ),
    404: N_("There is nothing at this address."),
    405: N_("This address is not a page: a form or a program uses it."),
    408: N_("The request took too long to arrive. Try again."),
    413: N_("That is more than this page takes. Shorten it and send it again."),
    415: N_("The browser sent something that this page does not understand."),
    429: N_("Too many requests at once. Wait a moment and try again."),
    500: INTERNAL,
    503: N_("This is not available right now. Try again in a minute."),
}
_OLD_FORM = N_(
    "This form is no longer valid, because you have logged in again since it was "
    "opened. Nothing was changed. Go back, reload the page and send it again."
)


def in_plain_words(error: HTTPException) -> str | None:
    """Return the error for the page of a person; None: it has good words already."""
    if isinstance(error, CSRFError):
        return _OLD_FORM
    # What is raised with words of its own has them in `description` of the instance.
    if error.description != type(error).description:
        return None
    return _WORDS.get(error.code or 500)


def no_database() -> str:
    """Return what to say to a person while the database does not answer."""
    if request.method in {"GET", "HEAD"}:
        return _("The database does not answer. Try again in half a minute.")
    return _("The database does not answer; nothing was changed. Try again later.")
