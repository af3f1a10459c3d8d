"""Addresses of this gateway, as the client of the request can reach them."""

from __future__ import annotations

from flask import request, url_for

from mvsnap.web.context import gateway


def job_url(job_id: str) -> str:
    return _external(url_for("api.get_job", job_id=job_id))


def snapshot_url(event_id: str) -> str:
    return _external(url_for("events.snapshot", event_id=event_id))


def badge_picture_url(badge_id: str) -> str:
    path = url_for("badge_reading.badge_picture", badge_id=badge_id)
    return _external(path)


def near_picture_url(badge_id: str, offset_s: int) -> str:
    endpoint = "badge_reading.badge_near_picture"
    return _external(url_for(endpoint, badge_id=badge_id, offset_s=str(offset_s)))


def clip_url(event_id: str) -> str:
    return _external(url_for("events.clip", event_id=event_id))


def scanning_url(number: int) -> str:
    """Return the address for entry `number` of scanning.endpoints; without its secret
    token.
    """
    path = url_for("scanning.receive", token="TOKEN")
    place = f"the token of scanning.endpoints[{number}]"
    return f"{_external(path).removesuffix('TOKEN')}… ({place})"


def scanning_address(token: str) -> str:
    return _external(url_for("scanning.receive", token=token))


def webhook_url(token: str) -> str:
    return _external(url_for("hooks.receive_with_token", token=token))


def page_url(endpoint: str) -> str:
    """Return the address of a page, as a provider of log-ins sends people there."""
    return _external(url_for(endpoint))


def gateway_url() -> str:
    """Return the address of this gateway, without a slash at its end."""
    return _external(request.script_root).rstrip("/")


def _external(path: str) -> str:
    public_url = gateway().settings.site.public_url
    if public_url is None:
        return request.host_url.rstrip("/") + path
    # Its path is the one below which a proxy has put the gateway.
    return public_url.rstrip("/") + path.removeprefix(request.script_root)
