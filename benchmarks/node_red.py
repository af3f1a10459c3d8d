"""Node-RED as a peer: counts by MQTT in, the crowd rule, a request by HTTP out.

`python -m benchmarks.node_red PORT QOS MESSAGES` receives a flood as the programs of
`benchmarks.receivers` do. `.ci/install bench` installs it, where npm is.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.idle import cpu_s
from mvsnap.simulator.mqtt.broker import HOST
from mvsnap.simulator.ports import free_port

_HOME = Path(__file__).parent.parent / ".venv/node-red"
_RULE_JS = Path(__file__).with_name("crowd_rule.js")
_DROPOUT_MS, _COOLDOWN_MS = 5_000, 300_000  # mvsnap's own
_OLDEST = 22, 9
_LOOK_S, _PATIENCE_S, _LIMIT_S = 0.02, 10.0, 60.0
_SETTINGS = """module.exports = {{
    uiHost: "127.0.0.1", uiPort: {port}, httpAdminRoot: false, credentialSecret: false,
    flowFile: "flows.json", telemetry: {{ enabled: false, updateNotification: false }},
    logging: {{ console: {{ level: "warn", metrics: false, audit: false }} }},
}};
"""


class NoNodeRed(RuntimeError):
    """It is not installed; says why."""


@dataclass
class Sink:
    """What was posted, with the second of the monotonic clock at which it came."""

    posts: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    url: str = ""


@dataclass(frozen=True)
class NodeRed:
    pid: int
    url: str
    version: str

    def taken(self) -> tuple[int, float]:
        """Return how many messages, and the second of the monotonic clock of the last.

        Under a flood it answers late.
        """
        answer = requests.get(f"{self.url}/taken", timeout=_LIMIT_S)
        answer.raise_for_status()
        found = answer.json()
        ago_s = time.time() - found["atMs"] / 1000
        return found["count"], time.monotonic() - ago_s


def installed() -> tuple[str, Path, str]:
    """Return the program node, Node-RED's script and its version.

    Raises:
        NoNodeRed: one of them is missing, or node is too old.
    """
    package = _HOME / "node_modules/node-red"
    if not package.exists():
        raise NoNodeRed("no Node-RED: needs npm, then .ci/install bench")
    version = json.loads((package / "package.json").read_text())["version"]
    brought = (_HOME / "node_modules").glob("node-linux-*/bin/node")
    node = next(map(str, brought), None) or shutil.which("node")
    if node is None:
        raise NoNodeRed("no node: sudo apt-get install -y nodejs")
    said = subprocess.run(
        [node, "--version"], capture_output=True, text=True, timeout=30
    )
    found = re.match(r"v(\d+)\.(\d+)", said.stdout)
    if found is None or (int(found[1]), int(found[2])) < _OLDEST:
        raise NoNodeRed(f"node {said.stdout.strip()} is too old for Node-RED {version}")
    return node, package / "red.js", version


@contextmanager
def node_red(port: int, sink: Sink, people: int, dwell_s: float) -> Iterator[NodeRed]:
    """Run the flow on the broker of this port; it is subscribed in the block.

    Raises:
        NoNodeRed: it is not installed.
    """
    node, script, version = installed()
    with tempfile.TemporaryDirectory() as name:
        folder, own = Path(name), free_port()
        (folder / "settings.js").write_text(_SETTINGS.format(port=own))
        nodes = _flow(port, sink.url, people, dwell_s)
        (folder / "flows.json").write_text(json.dumps(nodes))
        with (folder / "log").open("w") as log:
            args: list[str | Path] = [node, script, "--userDir", folder]
            child = subprocess.Popen(args, stdout=log, stderr=log)
        running = NodeRed(child.pid, f"http://{HOST}:{own}", version)
        try:
            _wait_until_subscribed(running, port, child, folder / "log")
            yield running
        finally:
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def rule(people: int, dwell_s: float) -> str:
    """Return the program of the node that has the crowd rule."""
    values = [people, dwell_s * 1000, _DROPOUT_MS, _COOLDOWN_MS]
    names = ["people", "dwellMs", "dropoutMs", "cooldownMs"]
    given = json.dumps(dict(zip(names, values, strict=True)))
    return _RULE_JS.read_text().replace("RULE;", f"{given};")


def _flow(port: int, url: str, people: int, dwell_s: float) -> list[dict[str, Any]]:
    none = "{ count: 0, atMs: 0 }"
    count = f"msg.payload = flow.get('taken') || {none}; return msg;"
    broker = {"broker": HOST, "port": port, "protocolVersion": 4, "cleansession": True}
    mqtt = {"topic": "/merakimv/#", "qos": "0", "datatype": "json", "broker": "broker"}
    post = {"method": "POST", "ret": "txt", "url": url}
    found: list[tuple[str, str, str | None, dict[str, Any]]] = [
        ("broker", "mqtt-broker", None, broker),
        ("in", "mqtt in", "rule", mqtt),
        ("rule", "function", "post", {"func": rule(people, dwell_s), "outputs": 1}),
        ("post", "http request", "done", post),
        ("done", "function", "", {"func": "return null;", "outputs": 1}),
        ("asked", "http in", "count", {"url": "/taken", "method": "get"}),
        ("count", "function", "answer", {"func": count, "outputs": 1}),
        ("answer", "http response", "", {}),
    ]
    nodes: list[dict[str, Any]] = [{"id": "tab", "type": "tab", "label": "crowds"}]
    for own, kind, after, more in found:
        node = {"id": own, "type": kind} | more
        if after is not None:
            node |= {"z": "tab", "x": 0, "y": 0, "wires": [[after] if after else []]}
        nodes.append(node)
    return nodes


def _wait_until_subscribed(
    running: NodeRed, port: int, child: subprocess.Popen[bytes], log: Path
) -> None:
    """Publish until a message arrives."""
    deadline = time.monotonic() + _LIMIT_S
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect(HOST, port)
    client.loop_start()
    nobody = '{"ts": 0, "counts": {"person": 0}}'
    while time.monotonic() < deadline and child.poll() is None:
        try:
            client.publish("/merakimv/nobody/0", nobody)
            if running.taken()[0]:
                break
        except requests.RequestException:
            pass  # it starts
        time.sleep(_LOOK_S)
    else:
        raise NoNodeRed(f"Node-RED does not receive: {log.read_text()[-500:]}")
    client.disconnect()
    client.loop_stop()


@contextmanager
def sink() -> Iterator[Sink]:
    """A server that keeps what is posted to it."""
    kept = Sink()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            at = time.monotonic()
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept.posts.append((at, json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    kept.url = f"http://{HOST}:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()


def main() -> None:
    port, _, messages = map(int, sys.argv[1:4])
    with sink() as out, node_red(port, out, people=3, dwell_s=3) as running:
        first, began_s = _settled(running), cpu_s(running.pid)
        _say("ready")
        taken, at_s = 0, time.monotonic()
        while taken < messages and time.monotonic() - at_s < _PATIENCE_S:
            time.sleep(_LOOK_S)
            total, last_s = running.taken()
            taken, at_s = total - first, last_s if total > first else time.monotonic()
        used_s = cpu_s(running.pid) - began_s
        _say(json.dumps({"count": taken, "ended_s": at_s, "cpu_s": used_s}))


def _settled(running: NodeRed) -> int:
    """Return how many it has taken, once no more come."""
    taken = -1
    while (found := running.taken()[0]) != taken:
        taken = found
        time.sleep(0.5)
    return taken


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
