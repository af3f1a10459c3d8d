"""Answers of an application in a test, held against the description of the API."""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from typing import Any

import jsonschema
from flask import Flask, Request, Response, request
from msgspec import to_builtins

from mvsnap.runtime.openapi import document


class Described:
    """Notes each JSON answer that the description does not allow, and how many came."""

    def __init__(self, app: Flask) -> None:
        self.checked = 0
        self.wrong: list[str] = []
        app.after_request(self._check)

    def _check(self, answer: Response) -> Response:
        operation = operation_of(request)
        if operation and answer.is_json and request.method != "HEAD":
            status = str(answer.status_code)
            self.checked += 1
            self.wrong += [
                f"{request.method} {request.path} {status}: {mistake}"
                for mistake in _mistakes(*operation, status, answer.get_data())
            ]
        return answer


def operation_of(asked: Request) -> tuple[str, str] | None:
    """Return path and method as the description names them; None for a page."""
    rule = str(asked.url_rule or "")
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)
    method = asked.method.lower()
    return (path, method) if method in described()["paths"].get(path, {}) else None


def mistakes(path: str, method: str, status: str, answer: Any) -> list[str]:
    return [error.message for error in _validator(path, method, status)(answer)]


@lru_cache(maxsize=1000)  # a test may get the same answer ten thousand times
def _mistakes(path: str, method: str, status: str, body: bytes) -> list[str]:
    return mistakes(path, method, status, json.loads(body))


@cache
def described() -> dict[str, Any]:
    found: dict[str, Any] = to_builtins(document(""))
    return found


@cache
def _validator(path: str, method: str, status: str) -> Any:
    answers = described()["paths"][path][method]["responses"]
    # Any operation may fail in a general way, such as 500.
    answer = answers.get(status, {"$ref": "#/components/responses/BadInput"})
    if "$ref" in answer:
        answer = described()["components"]["responses"][answer["$ref"].split("/")[-1]]
    schema = answer["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator(
        schema | {"components": described()["components"]}
    ).iter_errors
