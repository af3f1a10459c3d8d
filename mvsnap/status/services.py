"""Rows of the services outside, from what every process has noted of its calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from mvsnap.status.machines import is_alive
from mvsnap.status.model import Condition, Group, StatusRow
from mvsnap.store.sharing.processes import KnownProcess, UpstreamState
from mvsnap.texts import N_, broker_wordings, service_wordings, wordings
from mvsnap.texts.channel_wordings import FROM_ONLY, MAIL_SERVER_SILENT
from mvsnap.texts.reasons import code_of
from mvsnap.upstreams import Upstream, upstream_of
from mvsnap.values import replace

# Without a call for as long, nobody knows whether a service still fails.
_STALE_AFTER = timedelta(minutes=30)
NAMES = {
    Upstream.MERAKI: N_("Meraki"),
    Upstream.WEBEX: N_("Webex"),
    Upstream.IXON: "IXON",
    Upstream.BROKER: N_("MQTT broker"),
    Upstream.S3: N_("S3 storage"),
    Upstream.PROVIDER: N_("Identity provider"),
    Upstream.DIRECTORY: N_("Directory"),
    Upstream.HEARTBEAT: N_("Heartbeat"),
    Upstream.CHANNEL: N_("Channel"),
}
NOT_CALLED = N_("not called yet")
# Reasons by which nobody knows whether the service itself works.
_UNANSWERED = {
    one.code
    for one in (
        *(wordings.NO_CONNECTION, wordings.NO_ANSWER, wordings.NO_ANSWER_AT_ALL),
        *(wordings.NO_WHOLE_ANSWER, wordings.PROXY_REFUSED, wordings.TLS_FAILED),
        *(wordings.NO_SUCH_HOST, wordings.NOT_CONNECTED, wordings.CONNECTION_BROKE),
        *(wordings.LEADS_HERE, MAIL_SERVER_SILENT),
        *(broker_wordings.NOT_CONNECTED, service_wordings.SILENT),
        service_wordings.UNREACHABLE,
        *(service_wordings.UNTRUSTED, service_wordings.BROKE),
    )
}
_ADVICE = {
    Upstream.MERAKI: N_(
        "Check this site's internet connection and meraki.api_key;"
        " jobs go on when it answers again."
    ),
    Upstream.WEBEX: N_(
        "Check this site's internet connection and webex.bot_token;"
        " what waits is sent when it answers again."
    ),
    Upstream.IXON: N_("Check this site's internet connection and the ixon settings."),
    Upstream.BROKER: N_(
        "Check that the broker runs, and sense.host; crowds are not noticed meanwhile."
    ),
    Upstream.S3: N_(
        "Check the bucket and storage.s3; what waits is sent when it answers again."
    ),
    Upstream.PROVIDER: N_("Check login.oidc; nobody can log in by it meanwhile."),
    Upstream.DIRECTORY: N_("Check badges.directory; its last copy is used meanwhile."),
    Upstream.HEARTBEAT: N_(
        "Check heartbeat_url; whoever watches thinks that this site is down."
    ),
    Upstream.CHANNEL: N_(
        "Check this site's internet connection and the channel's settings"
        " (`mvsnap check`); what waits is sent when it answers again."
    ),
}


def service_rows(
    used: Iterable[str],
    states: Sequence[UpstreamState],
    processes: Sequence[KnownProcess],
    now: datetime,
    silent_after: timedelta,
) -> list[StatusRow]:
    """Return a row for each service that the settings use, by `service_name`."""
    alive = {
        known.report.id: known
        for known in processes
        if is_alive(known, now, silent_after)
    }
    return [
        _service(one, [s for s in states if s.name == one], alive, now) for one in used
    ]


def _service(
    name: str,
    states: list[UpstreamState],
    processes: dict[str, KnownProcess],
    now: datetime,
) -> StatusRow:
    kind, of = upstream_of(name) or (Upstream(name), "")
    row = StatusRow(
        Group.SERVICES,
        f"{NAMES[kind]} {of}".strip(),
        Condition.OK,
        worked_at=max((s.worked_at for s in states if s.worked_at), default=None),
        failed_at=max((s.failed_at for s in states if s.failed_at), default=None),
    )
    alive = [s for s in states if s.process_id in processes]
    failed = [s for s in alive if s.error]
    since_start = [
        s for s in failed if not _is_of_before(s, processes[s.process_id].started_at)
    ]
    failing = [
        s for s in since_start if s.failed_at and now - s.failed_at < _STALE_AFTER
    ]
    if failing:
        newest = max(failing, key=lambda s: s.failed_at or now)
        text: str = newest.error
        if len(failed) < len(alive):
            machines = {processes[s.process_id].report.machine for s in failing}
            text = FROM_ONLY(what=text, machines=", ".join(sorted(machines)))
        return replace(
            row,
            health=Condition.TROUBLE,
            text=text,
            advice=_advice(kind, of),
            since=min(s.failing_since or s.failed_at or now for s in failing),
        )
    if not states:
        return replace(row, health=Condition.UNKNOWN, text=NOT_CALLED)
    if failed and len(failed) == len(alive):
        text = N_("not called since the last call failed")
        if not since_start:
            text = N_("failed before the start, and was not called since")
        return replace(row, health=Condition.UNKNOWN, text=text)
    return row


def _advice(kind: Upstream, of: str) -> str:
    """of: the organization or channel that is meant, "" where there is only one."""
    advice = _ADVICE[kind]
    return advice.replace("meraki.api_key", f"the api_key of {of}") if of else advice


def _is_of_before(state: UpstreamState, started_at: datetime) -> bool:
    """Return whether a call failed in the run of the process before this one."""
    return state.failed_at is not None and state.failed_at < started_at


def outage_text(row: StatusRow) -> str:
    """Return what the banner says of a service, before the time."""
    code = code_of(row.text)
    answered = code not in _UNANSWERED if code else row.text.startswith("The ")
    return f"{row.name} {'has been failing' if answered else 'has not answered'} since"
