"""Opens every picture and clip through every web process, and looks into it."""

from __future__ import annotations

import hashlib
import io
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests
from PIL import Image

from tests.chaos.site import Site
from tests.gateway import KEY, Gateway

_AT_ONCE = 6
_LOST = "which is not running"
_NOT_YET = "not in the bucket yet"
# A machine counts as running for five minutes after its last sign.
_NOT_YET_S = 330.0
_EVERY_S = 5.0


@dataclass
class Opened:
    """Counts of files, each opened through every web process.

    absent: rightly, as the event says why. lost: with the machine that had it alone, as
    every process says. wrong: anything else, in words.
    """

    pictures: int = 0
    clips: int = 0
    requests: int = 0
    absent: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def events(web: Gateway, kind: str) -> Iterator[dict[str, Any]]:
    """Yield all events of a kind, the newest first."""
    after = None
    while True:
        page: dict[str, str] = {} if after is None else {"after": after}
        answer = web.get("/api/v1.0/events", kind=kind, limit="200", **page)
        answer.raise_for_status()
        yield from answer.json()["events"]
        after = answer.json()["after"]
        if after is None:
            return


def open_all(site: Site) -> Opened:
    webs, found = site.webs(), Opened()
    pictures = list(events(webs[0], "snapshot"))
    clips = list(events(webs[0], "clip"))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for many, name in ((pictures, "snapshot"), (clips, "clip")):
            for event, outcome in zip(
                many, pool.map(lambda e, n=name: _open(webs, e, n), many), strict=True
            ):
                found.requests += len(webs)
                _count(found, event, name, outcome)
    return found


def _count(found: Opened, event: dict[str, Any], name: str, outcome: str) -> None:
    if outcome == "absent":
        found.absent += 1
    elif outcome == "lost":
        found.lost.append(f"{name} {event['id']}")
    elif outcome:
        found.wrong.append(f"{name} {event['id']} of {event['title']}: {outcome}")
    elif name == "clip":
        found.clips += 1
    else:
        found.pictures += 1


def _open(webs: Sequence[Gateway], event: dict[str, Any], name: str) -> str:
    """Return "" if every process has the same good file, else what is wrong."""
    is_there = event[f"{name}_url"] is not None
    path = f"/api/v1.0/events/{event['id']}/{name}.{'mp4' if name == 'clip' else 'jpg'}"
    said, content = _ask_all(webs, path)
    deadline_s = time.monotonic() + _NOT_YET_S
    while any(_NOT_YET in words for words in said) and time.monotonic() < deadline_s:
        time.sleep(_EVERY_S)
        said, content = _ask_all(webs, path)
    if len(said) > 1:
        return f"not the same everywhere: {dict(said)}"
    (words,) = said
    if content:
        return _fault_of(content, name) or _fault_of_range(webs[-1], path, content)
    if words[:3] == "404" and not is_there and event["error"]:
        return "absent"
    return "lost" if words[:3] == "503" and _LOST in words else words


def _ask_all(webs: Sequence[Gateway], path: str) -> tuple[dict[str, list[str]], bytes]:
    """Return who says what, a file by its digest; and the file."""
    said: dict[str, list[str]] = defaultdict(list)
    content = b""
    for web in webs:
        answer = _get(web, path)
        if isinstance(answer, str):
            said[answer].append(web.url)
        elif answer.status_code == 200:
            content = answer.content
            said[hashlib.sha256(content).hexdigest()].append(web.url)
        else:
            said[f"{answer.status_code} {_message(answer)}"].append(web.url)
    return said, content


def _get(web: Gateway, path: str, **headers: str) -> requests.Response | str:
    try:
        return web.session().get(
            f"{web.url}{path}", headers={"X-API-Key": KEY, **headers}, timeout=30
        )
    except requests.RequestException as exc:
        return type(exc).__name__


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError):
        return answer.text[:100]


def _fault_of(content: bytes, name: str) -> str:
    """Decode all of it."""
    if name == "clip":
        command = ["ffmpeg", "-nostdin", "-v", "error", "-i", "-", "-f", "null", "-"]
        done = subprocess.run(command, input=content, capture_output=True, timeout=60)
        return done.stderr.decode()[-200:] if done.returncode else ""
    try:
        Image.open(io.BytesIO(content)).load()
    except OSError as exc:
        return str(exc)
    return ""


def _fault_of_range(web: Gateway, path: str, content: bytes) -> str:
    answer = _get(web, path, Range="bytes=10-99")
    if isinstance(answer, str):
        return f"a range: {answer}"
    is_right = answer.status_code == 206 and answer.content == content[10:100]
    return "" if is_right else f"a range: {answer.status_code}"
