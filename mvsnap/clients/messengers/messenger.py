"""Messenger: one address of Apprise, such as mailto://... or ntfy://....

The library is an extra, and loads its hundred plugins with the first message.
"""

from __future__ import annotations

import importlib
import logging
import re
import smtplib
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct

from mvsnap.clients import outgoing
from mvsnap.clients.messengers.outcome import (
    TIMEOUT_S,
    Requests,
    SendOutcome,
    Smtplib,
    mail_error,
    watched,
)
from mvsnap.errors import UpstreamError
from mvsnap.texts import channel_wordings as wordings
from mvsnap.texts.wording import Reason

EXTRA = "a library more: pip install 'apprise>=2.3'"
_MAIL = "apprise.plugins.email.smtp"
# Parts of an address that may be a secret, so that none is in an error.
_PART = re.compile(r"[^/:@?&=,]{6,}")
_loading = threading.Lock()
# Plugins that say they take files, but drop them without a word unless set up so.
FILES_ONLY_IF: Mapping[str, Callable[[Any], bool]] = {
    "NotifySlack": lambda plugin: plugin.mode == "bot",
    "NotifyWebexTeams": lambda plugin: plugin.mode == "bot",
    "NotifyNotifyre": lambda plugin: plugin.mode == "fax",
    "NotifyGroupMe": lambda plugin: bool(plugin.token),
}
# And those that drop everything but pictures.
PICTURES_ONLY = frozenset(
    {
        "NotifyBlueSky",
        "NotifyDot",
        "NotifyGroupMe",
        "NotifyNotifyre",
        "NotifyPushSafer",
        "NotifyPushover",
        "NotifySMSEagle",
        "NotifyTwitter",
    }
)


class Manner(Struct, frozen=True):
    """What a messenger takes.

    takes_clips: else pictures are all that it takes, if any.
    most_bytes: of a text. shows_markdown: else it is sent plain text.
    """

    takes_files: bool
    takes_clips: bool
    most_bytes: int
    shows_markdown: bool


class Messenger:
    """Thread-safe. whose: how errors call it."""

    def __init__(self, whose: Reason, url: str) -> None:
        self._whose = whose
        self._url = url
        self._manner: Manner | None = None

    def manner(self) -> Manner:
        """Raises: UpstreamError: the address or the library is missing or unknown."""
        if self._manner is None:
            plugin, formats = self._plugin(), _library("apprise.common").NotifyFormat
            shown = plugin.resolve_format(formats.MARKDOWN)
            self._manner = Manner(
                takes_files=takes_files(plugin),
                takes_clips=takes_files(plugin)
                and type(plugin).__name__ not in PICTURES_ONLY,
                most_bytes=int(plugin.body_maxlen),
                # Of a mail, the plain part would lose the addresses of links.
                shows_markdown=shown != formats.TEXT and not _is_mail(plugin),
            )
        return self._manner

    def send(
        self,
        text: str,
        title: str,
        *,
        file: Path | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send once. headers: of a mail.

        Raises:
            UpstreamError: it was not taken, or nobody knows.
        """
        plugin, common = self._plugin(), _library("apprise.common")
        is_markdown = self.manner().shows_markdown
        shape = common.NotifyFormat.MARKDOWN if is_markdown else None
        if headers and _is_mail(plugin):
            plugin.headers.update(headers)
        attach = None
        if file is not None:
            attach = _library("apprise").AppriseAttachment()
            attach.add(_library("apprise.attachment.file").AttachFile(str(file)))
        outcome = SendOutcome(self._whose, (self._url, *_PART.findall(self._url)))
        with watched(outcome):
            try:
                is_sent = plugin.notify(
                    body=text,
                    title=title,
                    body_format=shape or common.NotifyFormat.TEXT,
                    attach=attach,
                )
            except _library("apprise.exception").AppriseException:
                is_sent = False  # the plugin needs something that is not there
        if not is_sent:
            raise outcome.error()

    def check(self) -> str:
        """Return how far it can be tried without sending, in words.

        Raises:
            UpstreamError: nothing can be sent.
        """
        plugin = self._plugin()
        name = str(plugin.service_name)
        if _is_mail(plugin):
            self._log_in_to_mail(plugin)
            return f"{name}: the mail server can be reached"
        has_host = "host" in type(plugin).template_tokens and plugin.host
        if has_host and hasattr(sys.modules[type(plugin).__module__], "requests"):
            scheme = "https" if plugin.secure else "http"
            port = f":{plugin.port}" if plugin.port else ""
            place = f"{scheme}://{plugin.host}{port}/"
            return f"{name}: {outgoing.reached(self._whose, place)}"
        return f"{name}: the address is understood"

    def _log_in_to_mail(self, plugin: Any) -> None:
        connect = _library(_MAIL).AppriseSMTPController
        try:
            with connect(
                host=plugin.smtp_host,
                port=plugin.port,
                secure_mode=plugin.secure_mode,
                user=plugin.user,
                password=plugin.password,
                verify_certificate=plugin.verify_certificate,
                socket_connect_timeout=TIMEOUT_S,
            ):
                return
        except (OSError, smtplib.SMTPException, RuntimeError) as exc:
            trouble = mail_error(self._whose, exc, is_sent=False)
        raise trouble

    def _plugin(self) -> Any:
        """Return a new one: they keep the state of the last message."""
        library = _loaded()
        asset = library.AppriseAsset(
            app_id="mvsnap",
            app_desc="mvsnap",
            app_url="",
            image_url_mask="",
            image_url_logo="",
            async_mode=False,
            http_redirects=False,
            pgp_autogen=False,
        )
        plugin = library.Apprise.instantiate(
            self._url, asset=asset, suppress_exceptions=True
        )
        if plugin is None:
            why = wordings.UNKNOWN_ADDRESS(whose=self._whose)
            raise UpstreamError(why, retry=True)
        plugin.overflow_mode = _library("apprise.common").OverflowMode.SPLIT
        plugin.socket_connect_timeout = plugin.socket_read_timeout = TIMEOUT_S
        for kind in type(plugin).__mro__:
            module = sys.modules[kind.__module__]
            if isinstance(getattr(module, "requests", None), ModuleType):
                vars(module)["requests"] = Requests()
        return plugin


def is_installed() -> bool:
    return find_spec("apprise") is not None


def _library(name: str) -> Any:
    return importlib.import_module(name)


def _loaded() -> Any:
    """Return the library with the gateway's transport below its mails.

    Raises:
        UpstreamError: it is not installed.
    """
    if not is_installed():
        raise UpstreamError(wordings.NEEDS_EXTRA(name=EXTRA), retry=True)
    with _loading, warnings.catch_warnings():
        # It imports what Python 3.13 no longer has, and does without it there.
        warnings.simplefilter("ignore", DeprecationWarning)
        library = _library("apprise")
        # Its lines have addresses, which are secrets; what failed is in our error.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        mail = _library(_MAIL)
        if isinstance(mail.smtplib, ModuleType):
            mail.smtplib = Smtplib()
        return library


def takes_files(plugin: Any) -> bool:
    """Return whether a file that is given to a plugin arrives, as it is set up."""
    is_so = FILES_ONLY_IF.get(type(plugin).__name__, lambda _plugin: True)
    return bool(plugin.attachment_support) and is_so(plugin)


def _is_mail(plugin: Any) -> bool:
    return hasattr(plugin, "smtp_host") and isinstance(
        getattr(plugin, "headers", None), dict
    )
