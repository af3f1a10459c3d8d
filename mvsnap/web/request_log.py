"""The request that led to a job, as a line of the log; others are none.

A Pi writes its log to a card: pages that are looked at are no news. What was shown to
whom is in the audit log.
"""

from __future__ import annotations

import logging
import re

from flask import Flask, Response, request

from mvsnap.logs import job

log = logging.getLogger(__name__)

_LONGEST = 200
_CONVERTER = re.compile(r"<\w+:")  # of <string:token>


def prepare(app: Flask) -> None:
    app.before_request(job.begin_request)
    app.after_request(_tell)
    app.teardown_request(lambda _exc: job.end_request())


def path_without_token() -> str:
    """Return the path that was asked for, without a secret that is part of it."""
    rule = request.url_rule
    has_token = rule is not None and "token" in rule.arguments
    path = request.path
    if rule is not None and has_token:
        path = _CONVERTER.sub("<", rule.rule)
    return path[:_LONGEST]


def _tell(answer: Response) -> Response:
    for job_id in job.of_request():
        log.info(
            "%s %s from %s: %d",
            request.method,
            path_without_token(),
            request.remote_addr,
            answer.status_code,
            extra={"job": job_id},
        )
    return answer
