"""Everything mvsnap raises on purpose; what only one module raises is defined there.

MvsnapError
  BadInput                invalid value from a caller              400
    UnknownHeadings       a file whose headings lack a column
    UnknownParameter      unknown parameter name                   400
    UnknownHeadings       a file lacks a column, or calls it otherwise
    UnusablePicture       a picture that cannot or must not be decoded
  Unauthorized            no key or a wrong one                    401
  Forbidden               a key without this camera, room, scope   403
  LoginRefused            the provider's answer, or no role here   403
  NotFound                no such job, event or file               404
  OfNewerRelease          only a newer release can read it
  JudgedMeanwhile         somebody else reviewed the badge event   409
  NameTaken               another key or token has this name       409
  RotatedMeanwhile        the secret has a successor already       409
  LastAdmin               nobody could administer any more         409
  TooManyRequests         rate limit, retry later                  429
  QueueFull               too much accepted work is still waiting  503
    OverShare             too much of it came from this caller     429
  AccountsAway            accounts cannot be checked now           503
  EvidenceAway            a picture or clip cannot be fetched now  503
  BadConfig               invalid settings, all mistakes together
  EngineUnfit             the job engine cannot run on this machine
  DatabaseUnfit           damaged, cannot be written, or of a newer version
  UnusableBackup          no backup, damaged, or of a newer version
  ServiceRuns             a running service uses the data_dir to be replaced
  CannotListen            the server's address is in use, or not ours
  SentMeanwhile           another process has sent the message
  UpstreamError           an outside service refused, or is down   502
    NoPicture             the camera cannot provide a picture, now or ever
      NoVideo             it has no video of that moment
      CameraOffline       the Dashboard cannot reach it
    UnknownRecipient      no such room, or the bot is not in it
    CameraRefused         a camera refused the request
    DashboardRefused      Meraki refused the request
    NotOfThisKey          Meraki does not show this to the key
    AgentOffline          the IXON router at the machine is offline
    NotAllowed            IXON refused the token, or the permission
      PasswordRefused     the password is wrong, or not enough
    StoreError            the bucket refused, or is down
  RecorderStopped         the recorder is stopping                 503
  NoLivePicture           a live view has no picture now           503
  NoFrame                 no frame of a clip can be read now       503
  CannotRecord            another process records in this data_dir
  CannotAssemble          no clip can be made of the segments
  NoFfmpeg                ffmpeg is not installed
"""

from __future__ import annotations

from mvsnap.texts.wording import Reason


class MvsnapError(Exception):
    """An expected failure: `code` is for programs and stable, `message` for people."""

    code = "error"
    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def as_reason(self) -> Reason:
        """The message as it is stored: a code with values, where it was made of one."""
        message = self.message
        return message if isinstance(message, Reason) else Reason(message)


class BadInput(MvsnapError):
    """An invalid value from outside; the message names it."""

    code = "bad_input"
    status = 400

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class UnknownParameter(BadInput):
    code = "unknown_parameter"


class Unauthorized(MvsnapError):
    code = "unauthorized"
    status = 401


class Forbidden(MvsnapError):
    code = "forbidden"
    status = 403

    def __init__(self, message: Reason) -> None:
        super().__init__(message)


class LoginRefused(MvsnapError):
    """A provider's answer lets nobody in.

    The message is for that person; why: the reason, for an admin.
    """

    code = "login_refused"
    status = 403

    def __init__(self, message: str, *, why: str = "") -> None:
        super().__init__(message)
        self.why = why


class NotFound(MvsnapError):
    code = "not_found"
    status = 404


class OfNewerRelease(MvsnapError):
    """What is stored has parts that only a newer release knows; it is left alone."""

    code = "newer_release"


class JudgedMeanwhile(MvsnapError):
    """Somebody else reviewed a badge event after the page was loaded."""

    code = "judged_meanwhile"
    status = 409


class TooManyRequests(MvsnapError):
    """The caller must wait `retry_after_s` seconds."""

    code = "too_many_requests"
    status = 429

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QueueFull(MvsnapError):
    """Nothing was accepted; the caller may retry after `retry_after_s`."""

    code = "queue_full"
    status = 503

    def __init__(self, message: str, *, retry_after_s: int = 30) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class OverShare(QueueFull):
    """The caller has its share of what may wait; there is room for others."""

    code = "too_many_waiting"
    status = 429


class AccountsAway(MvsnapError):
    """System accounts, or a provider's, cannot be checked now.

    The caller may retry after `retry_after_s`. why: the reason, for an admin.
    """

    code = "accounts_away"
    status = 503
    retry_after_s = 5

    def __init__(self, message: str, *, why: str = "") -> None:
        super().__init__(message)
        self.why = why


class EvidenceAway(MvsnapError):
    """A picture or clip exists, but cannot be fetched now.

    The caller may retry after `retry_after_s`.
    """

    code = "evidence_away"
    status = 503
    retry_after_s = 15


class BadConfig(MvsnapError):
    """All mistakes of the settings, one line each: `path: expectation, got value`."""

    code = "bad_config"

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class EngineUnfit(MvsnapError):
    code = "engine_unfit"


class DatabaseUnfit(MvsnapError):
    """The database is damaged, cannot be written or is too new; says what to do."""

    code = "database_unfit"


class CannotListen(MvsnapError):
    code = "cannot_listen"


class UpstreamError(MvsnapError):
    """An outside service refused, or could not be reached.

    retry: the same request may work later (429, 5xx, network).
    retry_after_s: how long the service asked us to wait, if it did.
    unsure: the request may have been processed although no answer came.
    """

    code = "upstream"
    status = 502

    def __init__(
        self,
        message: str,
        *,
        retry: bool,
        retry_after_s: float | None = None,
        unsure: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry = retry
        self.retry_after_s = retry_after_s
        self.unsure = unsure


class UnknownRecipient(UpstreamError):
    """Nothing that is sent to this room or person can arrive."""

    code = "unknown_recipient"


class NoPicture(UpstreamError):
    """The Dashboard answered, but without a picture.

    reason: "offline" (the camera), "no_video" (of that moment), or "" for others.
    """

    code = "no_picture"


class NoVideo(NoPicture):
    """The camera has stored nothing of that moment: not yet, or no longer."""


class CameraOffline(NoPicture):
    """The Dashboard cannot reach the camera now."""
