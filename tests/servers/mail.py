"""A real mail server, with the troubles of `receivers.py`; a status is its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from mvsnap.simulator.ports import free_port


@dataclass
class MailServer:
    kept: list[EmailMessage] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble.isdigit():
            return f"{trouble} not now"
        if trouble == "file" and list(mail.iter_attachments()):
            return "552 too large"
        self.kept.append(mail)
        if trouble == "silent":
            transport: Any = server.transport
            transport.abort()
        return "250 kept"


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain", "html"))
    return str(body.get_content()) if body else ""


@contextmanager
def mail_server() -> Iterator[MailServer]:
    made = MailServer(port=free_port())
    controller = Controller(
        made, hostname="127.0.0.1", port=made.port, ready_timeout=60
    )
    controller.start()
    try:
        yield made
    finally:
        controller.stop(no_assert=True)
