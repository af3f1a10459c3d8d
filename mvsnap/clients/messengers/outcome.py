"""Outcome: what became of each exchange of one message, which Apprise does not say.

Apprise answers yes or no. Whether to try again, and whether the message may have
arrived, is in the exchanges that its plugins make: they go through here.
"""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import requests

from mvsnap.clients import outgoing
from mvsnap.clients.connections import ExchangeFailed, shut, watchdog
from mvsnap.errors import UpstreamError
from mvsnap.texts import channel_wordings as wordings
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import NO_ANSWER_AT_ALL

# For each byte of a mail server; other exchanges as a whole.
TIMEOUT_S = 30.0
# For each operation with a mail server: some answer a line now and then, for ever.
_OPERATION_S = 120.0
_SLOWEST_BYTES_PER_S = 16 * 1024


@dataclass
class SendOutcome:
    """whose: the receiver, as errors name it. secrets: are in no error."""

    whose: Reason
    secrets: tuple[str, ...]
    accepted: int = 0
    failures: list[UpstreamError] = field(default_factory=list)

    def error(self) -> UpstreamError:
        """Return why the message as a whole was not taken."""
        if not self.failures:
            why = wordings.NOT_TAKEN(whose=self.whose)
            return UpstreamError(why, retry=True, unsure=True)
        last = self.failures[-1]
        return UpstreamError(
            last.message,
            retry=any(failure.retry for failure in self.failures),
            retry_after_s=last.retry_after_s,
            # Of several recipients one may have it.
            unsure=bool(self.accepted) or any(f.unsure for f in self.failures),
        )


# Plugins call a library deep inside; each thread has its own message.
_current: ContextVar[SendOutcome | None] = ContextVar("_current", default=None)


@contextmanager
def watched(outcome: SendOutcome) -> Iterator[SendOutcome]:
    token = _current.set(outcome)
    try:
        yield outcome
    finally:
        _current.reset(token)


class Requests:
    """The library `requests` as plugins see it, with the gateway's own transport."""

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def get(self, url: str, params: Any = None, **given: Any) -> requests.Response:
        return self.request("GET", url, params=params, **given)

    def post(
        self, url: str, data: Any = None, json: Any = None, **given: Any
    ) -> requests.Response:
        return self.request("POST", url, data=data, json=json, **given)

    def put(self, url: str, data: Any = None, **given: Any) -> requests.Response:
        return self.request("PUT", url, data=data, **given)

    def patch(self, url: str, data: Any = None, **given: Any) -> requests.Response:
        return self.request("PATCH", url, data=data, **given)

    def delete(self, url: str, **given: Any) -> requests.Response:
        return self.request("DELETE", url, **given)

    def request(self, method: str, url: str, **given: Any) -> requests.Response:
        given = {n: v for n, v in given.items() if n not in _OURS}
        outcome = _current.get()
        try:
            answer = outgoing.send(method, url, timeout_s=TIMEOUT_S, **given)
        except (requests.RequestException, ValueError) as exc:
            if outcome is not None:
                outcome.failures.append(outgoing.unreachable(outcome.whose, exc))
            # Without the address, whatever a plugin does with it.
            raise ExchangeFailed(NO_ANSWER_AT_ALL()) from None
        if outcome is not None:
            if 200 <= answer.status_code < 300:
                outcome.accepted += 1
            else:
                why = outgoing.refusal(outcome.whose, answer, *outcome.secrets)
                outcome.failures.append(why)
        return answer


# What the transport decides itself.
_OURS = frozenset(("timeout", "allow_redirects"))


class Smtplib:
    """The library `smtplib` as plugins see it."""

    def __getattr__(self, name: str) -> Any:
        return _MAIL.get(name) or getattr(smtplib, name)


class _Noting(smtplib.SMTP):
    """Notes what became of each mail; `_is_sent`: its text has left.

    was_cut: the time of its operation was over.
    """

    _is_sent = False
    was_cut = False

    def __init__(self, *args: Any, **given: Any) -> None:
        with _noted(self):
            super().__init__(*args, **given)

    def _get_socket(self, host: Any, port: Any, timeout: Any) -> socket.socket:
        # Private, so not annotated. Each of several addresses may take all of the time.
        found: socket.socket = super()._get_socket(  # type: ignore[misc]
            host, port, timeout
        )
        self.sock = found
        if self.was_cut:  # the time was over before there was anything to cut
            self.close()
            raise TimeoutError("no time is left")
        return found

    def starttls(self, *args: Any, **given: Any) -> Any:
        with _noted(self):
            return super().starttls(*args, **given)

    def login(self, *args: Any, **given: Any) -> Any:
        with _noted(self):
            return super().login(*args, **given)

    def data(self, msg: Any) -> Any:
        self._is_sent = True
        return super().data(msg)

    def sendmail(self, *args: Any, **given: Any) -> Any:
        self._is_sent = False
        sent = [
            text for text in (*args, *given.values()) if isinstance(text, str | bytes)
        ]
        with _noted(self, sum(map(len, sent)) / _SLOWEST_BYTES_PER_S):
            refused = super().sendmail(*args, **given)
        if (outcome := _current.get()) is not None:
            outcome.accepted += 1
            if refused:
                _note(smtplib.SMTPRecipientsRefused(refused), is_sent=False)
        return refused

    def quit(self) -> tuple[int, bytes]:
        with self.within():
            return super().quit()

    def within(self, more_s: float = 0) -> AbstractContextManager[None]:
        """Around one operation. more_s: beside what any has."""
        self.was_cut = False
        return watchdog(_OPERATION_S + more_s, self._cut)

    def _cut(self) -> None:
        self.was_cut = True
        shut(self.sock)


class _SecureNoting(_Noting, smtplib.SMTP_SSL):
    pass


_MAIL = {"SMTP": _Noting, "SMTP_SSL": _SecureNoting}


@contextmanager
def _noted(mail: _Noting, more_s: float = 0) -> Iterator[None]:
    try:
        with mail.within(more_s):
            yield
    except (OSError, smtplib.SMTPException) as exc:
        _note(exc, is_sent=mail._is_sent)
        raise


def _note(exc: Exception, *, is_sent: bool) -> None:
    if (outcome := _current.get()) is not None:
        outcome.failures.append(mail_error(outcome.whose, exc, is_sent=is_sent))


def mail_error(whose: Reason, exc: Exception, *, is_sent: bool) -> UpstreamError:
    """Return our error for what a mail server did; its own words name addresses."""
    status = _status(exc)
    if status is None:
        why = wordings.UNREACHABLE(whose=whose, why=wordings.MAIL_SERVER_SILENT())
        if isinstance(exc, smtplib.SMTPNotSupportedError):
            why = wordings.MAIL_SERVER_LACKS(whose=whose)
        return UpstreamError(why, retry=True, unsure=is_sent)
    # 5xx is final, by RFC 5321; a password can be corrected.
    may_pass = status < 500 or isinstance(exc, smtplib.SMTPAuthenticationError)
    refused = wordings.REFUSED_PASSWORD if status == 535 else wordings.REFUSED_MAIL
    return UpstreamError(refused(whose=whose, status=status), retry=may_pass)


def _status(exc: Exception) -> int | None:
    if isinstance(exc, smtplib.SMTPResponseException):
        # -1: the server said something that is no answer.
        return int(exc.smtp_code) if int(exc.smtp_code) > 0 else None
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        return min((int(code) for code, _ in exc.recipients.values()), default=None)
    return None
