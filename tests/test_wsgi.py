"""wsgi.py under gunicorn and uWSGI: the web role, with a worker beside it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from mvsnap.simulator.ports import free_port
from tests.gateway import KEY, ROOT, Clouds, Gateway, clouds, environment, gateway
from tests.servers.processes import require, running


def gunicorn_args(port: int) -> list[str | Path]:
    bind = f"127.0.0.1:{port}"
    args = ["--workers", "2", "--threads", "4", "--bind", bind, "wsgi:app"]
    return [sys.executable, "-m", "gunicorn", *args]


def uwsgi_args(port: int) -> list[str | Path]:
    # The line of docs/scale.md, but for --pythonpath: the tests' Python need not be
    # Debian's.
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    text = (
        f"--plugin python3 --pythonpath {libraries} --need-app --disable-logging "
        "--master --die-on-term --lazy-apps "
        f"--http-socket 127.0.0.1:{port} --wsgi wsgi:app --processes 2 --threads 8 "
        "--enable-threads"
    )
    return [require("uwsgi", "uwsgi-core uwsgi-plugin-python3"), *text.split()]


@contextmanager
def web_and_worker(
    folder: Path,
    simulated: Clouds,
    args_for: Callable[[int], list[str | Path]],
    worker_port: int,
) -> Iterator[str]:
    """Run a worker of ours and the web role under a WSGI server; yield its address."""
    of_worker = simulated.settings(metrics={"port": worker_port})
    with gateway(folder, of_worker, roles="worker"):
        port = free_port()
        config = str(folder / "config" / "mvsnap.yaml")
        env = environment(
            MVSNAP_CONFIG=config, PROMETHEUS_MULTIPROC_DIR=str(folder / "metrics")
        )
        with running(args_for(port), cwd=ROOT, env=env) as program:
            url = f"http://127.0.0.1:{port}"
            program.wait_for_url(f"{url}/healthz", limit_s=60)
            yield url


@pytest.mark.parametrize(
    "args_for", [gunicorn_args, uwsgi_args], ids=["gunicorn", "uWSGI"]
)
def test_the_web_role_hands_jobs_to_the_worker(
    tmp_path: Path, args_for: Callable[[int], list[str | Path]]
) -> None:
    with (
        clouds() as simulated,
        web_and_worker(tmp_path, simulated, args_for, port := free_port()) as url,
    ):
        answer = Gateway.session().get(
            f"{url}/api/v1.0/getSnapshot", params={"apikey": KEY, "wait_s": "30"}
        )
        assert answer.status_code == 200, answer.text
        ready = Gateway.session().get(f"{url}/readyz")
        assert ready.json()["status"] == "ready"
        assert len(simulated.webex.messages) == 1
        assert simulated.webex.messages[0].files
        asked = 1 + ask_until_both_have_answered(url, tmp_path / "metrics")
        shown = [metrics(url) for _ in range(6)]
        assert {triggers(text) for text in shown} == {asked}
        assert all("mvsnap_store_up 1.0" in text for text in shown)
        check_the_worker(f"http://127.0.0.1:{port}")


def ask_until_both_have_answered(url: str, folder: Path) -> int:
    """Trigger until two processes have counted; return how often."""
    asked = 0

    def ask(_: int) -> None:
        answer = Gateway.session().get(
            f"{url}/api/v1.0/getSnapshot", params={"apikey": KEY, "wait_s": "0"}
        )
        assert answer.status_code == 202, answer.text

    while len(list(folder.glob("counter_*.db"))) < 2 or asked < 8:
        assert asked < 200, "one process answers everything"
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(8)))
        asked += 8
    return asked


def metrics(url: str) -> str:
    found = Gateway.session().get(
        f"{url}/metrics", headers={"Authorization": f"Bearer {KEY}"}
    )
    assert found.status_code == 200, found.text
    return found.text


def triggers(text: str) -> float:
    """Return how many triggers came, those that joined another too."""
    lines = [x for x in text.splitlines() if x.startswith("mvsnap_triggers_total{")]
    return sum(float(line.split()[-1]) for line in lines)


def check_the_worker(url: str) -> None:
    """The port of the worker shows what it has done, to those with a key, alone."""
    text = metrics(url)
    sent = re.search(r'mvsnap_deliveries_total\{result="sent"\} (\d+)', text)
    assert sent is not None
    assert int(sent[1]) >= 1
    assert 'mvsnap_upstream_requests_total{result="ok",upstream="webex"}' in text
    assert "process_resident_memory_bytes" in text
    assert "mvsnap_store_up" not in text
    session = Gateway.session()
    assert session.get(f"{url}/metrics").status_code == 401
    for elsewhere in ("/", "/login", "/api/v1.0/events", "/static/site.css"):
        assert session.get(f"{url}{elsewhere}").status_code == 404
