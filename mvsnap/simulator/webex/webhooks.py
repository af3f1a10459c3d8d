"""Webex webhooks: registered by the bot, reported to in the background, disabled."""

from __future__ import annotations

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue

from mvsnap.simulator.webex.errors import WebexError
from mvsnap.simulator.webex.model import SimWebhook, as_time, new_id
from mvsnap.simulator.webex.paging import page
from mvsnap.simulator.webex.webex import FakeWebex

_RESOURCES = ("all", "messages", "memberships", "rooms", "attachmentActions")
_EVENTS = ("all", "created", "updated", "deleted")
_TIMEOUT_S = 5
_WITHIN = timedelta(minutes=5)
_FILTERS = ("roomId", "roomType", "personId", "personEmail", "messageId")


def add(app: Flask, webex: FakeWebex) -> None:
    @app.get("/v1/webhooks")
    def webhooks() -> ResponseReturnValue:
        return page(webex, [_as_webhook(hook) for hook in list(webex.webhooks)])

    @app.post("/v1/webhooks")
    def create_webhook() -> ResponseReturnValue:
        made = _made(_body())
        webex.webhooks.append(made)
        return jsonify(_as_webhook(made))

    @app.get("/v1/webhooks/<webhook_id>")
    def webhook(webhook_id: str) -> ResponseReturnValue:
        return jsonify(_as_webhook(_known(webex, webhook_id)))

    @app.put("/v1/webhooks/<webhook_id>")
    def update_webhook(webhook_id: str) -> ResponseReturnValue:
        found, body = _known(webex, webhook_id), _body()
        found.name, found.target_url = str(body["name"]), str(body["targetUrl"])
        if body.get("secret"):
            found.secret = str(body["secret"])
        if body.get("status") == "active":
            found.is_active = True
        return jsonify(_as_webhook(found))

    @app.delete("/v1/webhooks/<webhook_id>")
    def delete_webhook(webhook_id: str) -> ResponseReturnValue:
        webex.webhooks.remove(_known(webex, webhook_id))
        return Response(status=204)


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise WebexError(400, "Request body is not valid JSON.")
    if not body.get("name"):
        raise WebexError(400, "name cannot be empty")
    if not body.get("targetUrl"):
        raise WebexError(400, "targetUrl cannot be null")
    return body


def _made(body: dict[str, Any]) -> SimWebhook:
    resource, event = str(body.get("resource")), str(body.get("event"))
    if resource not in _RESOURCES or event not in _EVENTS:
        raise WebexError(400, "Invalid value for resource or event.")
    asked = str(body.get("filter") or "")
    names = [part.partition("=")[0] for part in asked.split("&") if part]
    if unknown := [name for name in names if name not in _FILTERS]:
        raise WebexError(
            400,
            "POST failed: HTTP/1.1 400 Bad Request (url = https://webhook-engine, "
            f"error = 'Invalid value for filter: {unknown[0]}')",
        )
    return SimWebhook(
        id=new_id("WEBHOOK"),
        name=str(body["name"]),
        target_url=str(body["targetUrl"]),
        resource=resource,
        event=event,
        filter=asked,
        secret=str(body.get("secret") or ""),
        created=datetime.now(UTC),
    )


def _known(webex: FakeWebex, webhook_id: str) -> SimWebhook:
    for hook in list(webex.webhooks):
        if hook.id == webhook_id:
            return hook
    raise WebexError(404, "The requested resource could not be found.")


def _as_webhook(hook: SimWebhook) -> dict[str, Any]:
    # Webex does not show a secret again.
    plain = {
        "id": hook.id,
        "name": hook.name,
        "targetUrl": hook.target_url,
        "resource": hook.resource,
        "event": hook.event,
        "status": "active" if hook.is_active else "inactive",
        "created": as_time(hook.created),
        "ownedBy": "creator",
    }
    return plain | ({"filter": hook.filter} if hook.filter else {})


def wanted_by(hook: SimWebhook, resource: str, data: dict[str, Any]) -> bool:
    is_of = hook.resource in ("all", resource) and hook.event in ("all", "created")
    parts = [part.partition("=") for part in hook.filter.split("&") if part]
    fits = all(str(data.get(name)) == value for name, _, value in parts)
    return hook.is_active and is_of and fits


def report(
    hooks: Iterable[SimWebhook],
    resource: str,
    actor_id: str,
    data: dict[str, Any],
    *,
    most_failures: int,
) -> None:
    """Send a report to each webhook; no second attempt is made, as Webex makes none."""
    for hook in hooks:
        if not wanted_by(hook, resource, data):
            continue
        envelope = _as_webhook(hook) | {
            "resource": resource,
            "event": "created",
            "actorId": actor_id,
            "data": data,
        }
        if not _is_taken(hook, json.dumps(envelope).encode()):
            _count_failure(hook, most_failures)


def _is_taken(hook: SimWebhook, body: bytes) -> bool:
    headers = {"Content-Type": "application/json;charset=UTF-8"}
    if hook.secret:
        signed = hmac.new(hook.secret.encode(), body, hashlib.sha1).hexdigest()
        headers["X-Spark-Signature"] = signed
    try:
        asked = urllib.request.Request(hook.target_url, body, headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(asked, timeout=_TIMEOUT_S) as answer:
            return 200 <= int(answer.status) < 300
    except urllib.error.HTTPError as exc:
        exc.close()
    except (OSError, ValueError):
        pass
    return False


def _count_failure(hook: SimWebhook, most: int) -> None:
    """Disable it after too many; soon after it was enabled again, after one."""
    now = datetime.now(UTC)
    hook.failures = [at for at in hook.failures if now - at < _WITHIN] + [now]
    was_disabled = hook.disabled_at is not None and now - hook.disabled_at < _WITHIN
    if was_disabled or len(hook.failures) >= most:
        hook.is_active, hook.disabled_at = False, now
