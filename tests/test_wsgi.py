"""wsgi.py under gunicorn and uWSGI: the web role, with a worker beside it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.gateway import KEY, ROOT, Clouds, Gateway, clouds, environment, gateway
from tests.servers.ports import free_port
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
    folder: Path, simulated: Clouds, args_for: Callable[[int], list[str | Path]]
) -> Iterator[str]:
    """Run a worker of ours and the web role under a WSGI server; yield its address."""
    with gateway(folder, simulated.settings(), roles="worker"):
        port = free_port()
        config = str(folder / "config" / "mvsnap.yaml")
        env = environment(MVSNAP_CONFIG=config)
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
        web_and_worker(tmp_path, simulated, args_for) as url,
    ):
        answer = Gateway.session().get(
            f"{url}/api/v1.0/getSnapshot", params={"apikey": KEY, "wait_s": "30"}
        )
        assert answer.status_code == 200, answer.text
        ready = Gateway.session().get(f"{url}/readyz")
        assert ready.json()["status"] == "ready"
        assert len(simulated.webex.messages) == 1
        assert simulated.webex.messages[0].files
