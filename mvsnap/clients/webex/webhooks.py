"""Webex webhooks: asks Webex to report what people write to the bot and press."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from mvsnap.clients.webex.client import Webex

# What is reported, by the name of the resource; all `created`.
RESOURCES = ("messages", "attachmentActions")
_EVENT = "created"
_PER_PAGE = 100


class RegisteredWebhook(Struct, frozen=True):
    id: str
    name: str
    url: str
    resource: str
    is_active: bool


class WebexWebhooks:
    """name: of those that are ours. Every method raises UpstreamError."""

    def __init__(self, webex: Webex, name: str, url: str, secret: str) -> None:
        self._webex = webex
        self._name = name
        self._url = url
        self._secret = secret

    def repair(self, *, renew: bool) -> list[str]:
        """Register what is missing; return what was done, in words.

        Webex disables a webhook after a hundred failures; an update enables it again.
        renew: update all, as the secret, which Webex does not show, may be another.
        Source: GET, POST, PUT and DELETE /webhooks.
        """
        ours = [one for one in self._list() if one.name == self._name]
        done = []
        for resource in RESOURCES:
            found = [one for one in ours if one.resource == resource]
            if not found:
                self._create(resource)
                done.append(f"{resource} registered")
                continue
            kept, *others = found
            if renew or not kept.is_active or kept.url != self._url:
                self._update(kept)
                done.append(f"{resource} {'renewed' if kept.is_active else 'repaired'}")
            for other in others:
                self._delete(other)
                done.append(f"{resource} registered twice: one removed")
        return done

    def at_url(self) -> list[RegisteredWebhook]:
        """Return those that report to this address, whoever registered them."""
        return [one for one in self._list() if one.url == self._url]

    def _list(self) -> list[RegisteredWebhook]:
        return self._webex.ask(
            lambda api: [
                _webhook(each.json_data) for each in api.webhooks.list(max=_PER_PAGE)
            ]
        )

    def _create(self, resource: str) -> None:
        self._webex.ask(
            lambda api: api.webhooks.create(
                name=self._name,
                targetUrl=self._url,
                resource=resource,
                event=_EVENT,
                secret=self._secret,
            )
        )

    def _update(self, known: RegisteredWebhook) -> None:
        self._webex.ask(
            lambda api: api.webhooks.update(
                known.id,
                name=self._name,
                targetUrl=self._url,
                secret=self._secret,
                status="active",
            )
        )

    def _delete(self, known: RegisteredWebhook) -> None:
        self._webex.ask(lambda api: api.webhooks.delete(known.id))


def _webhook(data: Mapping[str, Any]) -> RegisteredWebhook:
    return RegisteredWebhook(
        str(data.get("id") or ""),
        str(data.get("name") or ""),
        str(data.get("targetUrl") or ""),
        str(data.get("resource") or ""),
        data.get("status") == "active",
    )
