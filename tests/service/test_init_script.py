"""init.d/mvsnap with a stand-in for `mvsnap serve`, and with the real one.

As root the stand-in runs as nobody: that is how the script is used.
"""

import gzip
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from mvsnap.cli.address import address
from mvsnap.config.server import ServerSection
from mvsnap.simulator.ports import free_port
from tests.servers.processes import answers, require, running, wait_until
from tests.service.stand_in import ANSWER, USER

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "init.d" / "mvsnap"
RC_SCRIPT = ROOT / "config" / "rc.mvsnap.sample"

# Knobs, files beside it: `broken` ends it at once, `deaf` makes it ignore TERM.
STAND_IN = f"""{ANSWER}
import os, signal, sys
if os.path.exists("broken"):
    sys.exit("sense.dwell_s: must be > 0, got -5")
name = os.environ.get("MVSNAP_SITE__NAME")
print("arguments", sys.argv[1:], "site", name, flush=True)
end = signal.SIG_IGN if os.path.exists("deaf") else lambda *_: sys.exit(0)
signal.signal(signal.SIGTERM, end)
with open("port") as file:
    answer(int(file.read()))
"""


@dataclass(frozen=True)
class Service:
    home: Path
    port: int
    script: Path = SCRIPT

    @property
    def pid_file(self) -> Path:
        return self.home / "run" / "mvsnap.pid"

    @property
    def pid(self) -> int:
        return int(self.pid_file.read_text())

    @property
    def log(self) -> str:
        return (self.home / "log" / "mvsnap.log").read_text()

    def configure(self, **settings: str | int | Path) -> None:
        known = {
            "MVSNAP_HOME": self.home,
            "MVSNAP_USER": USER,
            "MVSNAP_PYTHON": "/usr/bin/python3",
            "MVSNAP_SITE__NAME": "shop",
            "PIDFILE": self.pid_file,
            "LOGFILE": self.home / "log" / "mvsnap.log",
            **settings,
        }
        lines = [f"{name}='{value}'\n" for name, value in known.items()]
        (self.home / "defaults").write_text("".join(lines))

    def __call__(self, action: str) -> int:
        return self.run(action).returncode

    def run(self, action: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", self.script, action],
            env=os.environ | {"MVSNAP_DEFAULTS": f"{self.home}/defaults"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def answers(self) -> bool:
        return answers(f"http://127.0.0.1:{self.port}/healthz")


@pytest.fixture
def service() -> Iterator[Service]:
    # Not tmp_path: of root's, another user may not read there.
    home = Path(tempfile.mkdtemp(prefix="mvsnap-service-"))
    service = Service(home, free_port())
    home.chmod(0o755)
    if os.geteuid() == 0:
        shutil.chown(home, USER)
    (home / "mvsnap").mkdir()
    (home / "mvsnap" / "__main__.py").write_text(STAND_IN)
    (home / "config").mkdir()
    (home / "config" / "mvsnap.yaml").write_text(f"server:\n  port: {service.port}\n")
    (home / "port").write_text(f"{service.port}")
    service.configure()
    try:
        yield service
    finally:
        with suppress(OSError, ValueError):
            os.kill(service.pid, signal.SIGKILL)
        shutil.rmtree(home)


def test_a_started_service_answers_and_has_status_0(service: Service) -> None:
    assert service("start") == 0
    assert service.answers()
    assert service("status") == 0


def test_a_second_start_leaves_the_first_alone(service: Service) -> None:
    service("start")
    pid = service.pid
    assert service("start") == 0
    assert service.pid == pid


def at_once(service: Service, *actions: str) -> list[subprocess.CompletedProcess[str]]:
    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(service.run, actions))


@pytest.mark.parametrize(
    "actions", [["start"] * 3, ["restart"] * 2], ids=lambda a: a[0]
)
def test_several_at_once_leave_one_service_that_stop_knows(
    service: Service, actions: list[str]
) -> None:
    done = at_once(service, *actions)
    assert [each.returncode for each in done] == [0] * len(actions)
    started = [each for each in done if "started (pid" in each.stdout]
    assert len(started) == (1 if actions[0] == "start" else len(actions))
    assert service("status") == 0
    pid = service.pid
    assert service("stop") == 0
    assert not alive(pid)
    assert not service.answers()
    # Of each start that was not the first one a service would have complained.
    assert "Address already in use" not in service.log


def test_a_stop_beside_a_start_leaves_what_status_says(service: Service) -> None:
    at_once(service, "start", "stop")
    assert service.answers() == (service("status") == 0)


def test_a_pid_that_another_program_has_got_is_left_alone(service: Service) -> None:
    service.pid_file.parent.mkdir()
    others = [["sleep", "60"], ["sh", "-c", "sleep 60; : -m mvsnap serve --config x"]]
    for command in others:
        with running(command) as other:
            service.pid_file.write_text(f"{other.pid}\n")
            assert service("status") == 1
            assert service("reload") == 7
            assert service("reopen") == 0
            assert service("start") == 0
            assert service.pid != other.pid
            assert service("stop") == 0
            service.pid_file.write_text(f"{other.pid}\n")
            assert service("stop") == 0
            assert other.exit_code is None


def test_a_pid_that_another_gateway_has_got_is_left_alone(service: Service) -> None:
    service("start")
    pid = service.pid
    second = service.home / "run" / "second.pid"
    second.write_text(f"{pid}\n")
    service.configure(PIDFILE=second)
    assert service("status") == 1
    assert service("stop") == 0
    assert alive(pid)
    service.configure()
    assert service("stop") == 0
    assert not alive(pid)


def test_a_stopped_service_is_gone_and_has_status_3(service: Service) -> None:
    service("start")
    pid = service.pid
    assert service("stop") == 0
    assert service("status") == 3
    assert not service.answers()
    assert not alive(pid)
    assert not service.pid_file.exists()


def test_stopping_what_does_not_run_is_fine(service: Service) -> None:
    assert service("stop") == 0
    assert service("status") == 3


def test_a_killed_service_has_status_1_and_can_be_started_again(
    service: Service,
) -> None:
    service("start")
    dead = service.pid
    os.kill(dead, signal.SIGKILL)
    wait_until(lambda: not alive(dead), "the process ends")
    assert service("status") == 1
    assert service("start") == 0
    assert service.pid != dead


@pytest.mark.parametrize("action", ["restart", "force-reload"])
@pytest.mark.parametrize("started", [True, False], ids=["running", "stopped"])
def test_a_restart_ends_with_a_new_process(
    service: Service, action: str, started: bool
) -> None:
    before = 0
    if started:
        service("start")
        before = service.pid
    assert service(action) == 0
    assert service.answers()
    assert service.pid != before


def test_a_conditional_restart_does_not_start_what_was_stopped(
    service: Service,
) -> None:
    assert service("try-restart") == 0
    assert service("status") == 3


def test_a_service_that_dies_at_start_is_a_failure_with_its_last_words(
    service: Service,
) -> None:
    (service.home / "broken").touch()
    done = service.run("start")
    assert done.returncode == 1
    assert "sense.dwell_s: must be > 0, got -5" in done.stderr
    assert service("status") != 0


def test_a_service_that_ignores_the_signal_is_killed_in_the_end(
    service: Service,
) -> None:
    (service.home / "deaf").touch()
    service.configure(STOP_TIMEOUT_S=1)
    service("start")
    pid = service.pid
    assert service("stop") == 0
    assert not alive(pid)


def test_a_service_that_is_slow_to_answer_counts_as_started(service: Service) -> None:
    service.configure(
        START_TIMEOUT_S=1, MVSNAP_URL=f"http://127.0.0.1:{free_port()}/healthz"
    )
    done = service.run("start")
    assert done.returncode == 0
    assert "does not answer yet" in done.stdout


def test_the_service_gets_its_arguments_and_settings(service: Service) -> None:
    service.configure(MVSNAP_ARGS="--roles web,worker")
    service("start")
    config = service.home / "config" / "mvsnap.yaml"
    expected = ["serve", "--config", f"{config}", "--roles", "web,worker"]
    assert f"arguments {expected} site shop" in service.log


def test_a_port_among_the_arguments_is_the_one_asked_for_an_answer(
    service: Service,
) -> None:
    other = free_port()
    (service.home / "port").write_text(f"{other}")
    service.configure(MVSNAP_ARGS=f"--port {other}")
    assert f"http://127.0.0.1:{other}/healthz" in service.run("start").stdout


def test_a_service_is_not_started_beside_another_on_its_port(
    service: Service,
) -> None:
    service("start")
    service.configure(PIDFILE=service.home / "run" / "second.pid")
    done = service.run("start")
    assert done.returncode == 1
    assert "something else is answering" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_runs_it_as_the_unprivileged_user_and_keeps_the_pid_file(
    service: Service,
) -> None:
    service("start")
    nobody = pwd.getpwnam(USER)
    status = Path(f"/proc/{service.pid}/status").read_text().splitlines()
    ids = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    assert ids["Uid"].split() == [f"{nobody.pw_uid}"] * 4
    assert ids["Gid"].split() == [f"{nobody.pw_gid}"] * 4
    assert service.pid_file.stat().st_uid == 0
    assert (service.home / "log" / "mvsnap.log").stat().st_uid == nobody.pw_uid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_it_works_where_there_is_no_start_stop_daemon(service: Service) -> None:
    tools = service.home / "tools"
    tools.mkdir()
    for folder in (Path("/usr/bin"), Path("/bin")):
        for tool in folder.iterdir():
            with suppress(FileExistsError):
                (tools / tool.name).symlink_to(tool)
    with suppress(FileNotFoundError):
        (tools / "start-stop-daemon").unlink()
    copy = service.home / "script"
    text = SCRIPT.read_text()
    copy.write_text(text.replace("\nPATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin", ""))
    service.configure(PATH=tools)
    without = Service(service.home, service.port, script=copy)
    assert without("start") == 0
    assert Path(f"/proc/{service.pid}").stat().st_uid == pwd.getpwnam(USER).pw_uid
    assert without("stop") == 0


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        pytest.param({"MVSNAP_PYTHON": "/nowhere/python"}, 5, id="not installed"),
        pytest.param({"MVSNAP_CONFIG": "/nowhere/mvsnap.yaml"}, 6, id="no config"),
    ],
)
def test_a_start_that_cannot_work_says_so_by_its_exit_code(
    service: Service, settings: dict[str, str], code: int
) -> None:
    service.configure(**settings)
    done = service.run("start")
    assert done.returncode == code
    assert "/nowhere/" in done.stderr


@pytest.mark.parametrize("script", [SCRIPT, RC_SCRIPT], ids=lambda path: path.name)
def test_an_unknown_action_is_wrong_use(service: Service, script: Path) -> None:
    done = Service(service.home, service.port, script=script).run("dance")
    assert done.returncode == 2
    assert "Usage:" in done.stderr


def test_the_slackware_script_does_the_same(service: Service) -> None:
    service.configure(MVSNAP_SCRIPT=SCRIPT)
    rc = Service(service.home, service.port, script=RC_SCRIPT)
    assert rc("start") == 0
    assert rc("status") == 0
    assert rc("restart") == 0
    assert service.answers()
    assert rc("stop") == 0
    assert rc("status") == 3


@pytest.mark.parametrize(
    "script", [SCRIPT, RC_SCRIPT, ROOT / ".ci" / "install"], ids=lambda path: path.name
)
def test_the_scripts_are_clean_posix_shell(script: Path) -> None:
    shellcheck = require("shellcheck", "shellcheck")
    subprocess.run(["sh", "-n", script], check=True)
    subprocess.run([shellcheck, "--shell=sh", script], check=True)
    assert os.access(script, os.X_OK)


def test_the_init_script_has_the_headers_for_insserv() -> None:
    header = SCRIPT.read_text().split("### END INIT INFO")[0]
    for field in (
        "Provides:",
        "Required-Start:",
        "Required-Stop:",
        "Default-Start:",
        "Default-Stop:",
        "Short-Description:",
    ):
        assert f"\n# {field}" in header


@pytest.mark.slow
@pytest.mark.parametrize("host", ["127.0.0.2", "::1"])
def test_the_real_service_starts_and_stops_cleanly(service: Service, host: str) -> None:
    user = pwd.getpwuid(os.geteuid()).pw_name  # whose .venv it is
    config = service.home / "config" / "mvsnap.yaml"
    config.write_text(
        f'server: {{host: "{host}", port: "{service.port}"}}\n'
        f"data_dir: {service.home / 'data'}\n"
    )
    config.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(config, "root")
    service.configure(
        MVSNAP_HOME=ROOT,
        MVSNAP_USER=user,
        MVSNAP_PYTHON=sys.executable,
        MVSNAP_CONFIG=config,
        START_TIMEOUT_S=60,
    )
    started = service.run("start")
    assert started.returncode == 0, started.stderr
    assert f"answering at {ServerSection(host=host).own_url}"[:-5] in started.stdout
    pid = service.pid
    reloads(service, config)
    if host == "::1":
        rotates(service)
    stopped = service.run("stop")
    assert stopped.returncode == 0
    assert "killing" not in stopped.stdout
    assert not alive(pid)
    assert "Traceback" not in service.log


def reloads(service: Service, config: Path) -> None:
    pid, right = service.pid, config.read_text()
    config.write_text(right + "log: {level: loud}\n")
    refused = service.run("reload")
    assert refused.returncode == 6
    assert "log.level" in refused.stderr
    config.write_text(right + "log: {level: debug}\nmeraki: {requests_per_s: 2}\n")
    assert service.run("reload").returncode == 0
    wait_until(lambda: "read anew: log.level" in service.log, "it is read")
    wait_until(
        lambda: "needs a restart: meraki.requests_per_s\n" in service.log, "it says so"
    )
    assert service.pid == pid
    assert alive(pid)


def rotates(service: Service) -> None:
    """With the sample, where this machine has it."""
    log = service.home / "log" / "mvsnap.log"
    sample = (ROOT / "init.d" / "mvsnap.logrotate").read_text()
    owner = f"{log.owner()} {log.group()}"
    conf = service.home / "logrotate.conf"
    defaults = f"MVSNAP_DEFAULTS={service.home}/defaults"
    text = sample.replace("/var/log/mvsnap/mvsnap.log", f"{log}")
    text = text.replace("mvsnap mvsnap", owner)
    text = text.replace(
        "[ ! -x /etc/init.d/mvsnap ] || /etc/init.d/mvsnap", f"{defaults} sh {SCRIPT}"
    )
    conf.write_text(text)
    conf.chmod(0o644)
    before = service.log
    for _ in range(2):  # the second one compresses what the first one moved
        log.write_text(service.log + "more\n")
        done = subprocess.run(
            [require("logrotate", "logrotate"), "-f", "-s", f"{conf}.state", conf],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        wait_until(lambda: "log was opened anew" in service.log, "it writes there")
        assert before not in service.log
    assert before in gzip.decompress(Path(f"{log}.2.gz").read_bytes()).decode()
    assert "log was opened anew" in Path(f"{log}.1").read_text()


@pytest.mark.parametrize(
    ("settings", "arguments", "url"),
    [
        ("server:\n  port: 8080\n", "", "http://127.0.0.1:8080"),
        ("server: {port: 8080}\n", "", "http://127.0.0.1:8080"),
        ('server:\n  "port" : "8080"  # ours\n', "", "http://127.0.0.1:8080"),
        ("server: {host: 127.0.0.2}\n", "", "http://127.0.0.2:5004"),
        ("server: {host: '::'}\n", "", "http://[::1]:5004"),
        ("server: {host: '::1', port: 81}\n", "", "http://[::1]:81"),
        ("server: {host: 'fe80::1%eth0'}\n", "", "http://[fe80::1%25eth0]:5004"),
        ("server: {host: gate.example}\n", "", "http://gate.example:5004"),
        ("server: {port: 8080}\n", "--port=9 --host ::1", "http://[::1]:9"),
        ("site: {name: a}\nother: x\n", "--roles worker,sense", "-"),
        ("", "--roles web", "http://127.0.0.1:5004"),
    ],
)
def test_where_it_listens_is_what_the_service_reads(
    tmp_path: Path, settings: str, arguments: str, url: str
) -> None:
    path = tmp_path / "mvsnap.yaml"
    path.write_text(settings)
    assert address(["--config", str(path), *arguments.split()]) == url


@pytest.mark.parametrize("text", ['http://127.0.0.1:"80"/', "nothing", "http://["])
def test_a_url_that_is_none_is_no_traceback(service: Service, text: str) -> None:
    service.configure(START_TIMEOUT_S=1, MVSNAP_URL=text)
    done = service.run("start")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_a_worker_alone_counts_as_started(service: Service) -> None:
    service.configure(
        MVSNAP_HOME=ROOT,
        MVSNAP_USER=pwd.getpwuid(os.geteuid()).pw_name,
        MVSNAP_PYTHON=sys.executable,
        MVSNAP_CONFIG=service.home / "config" / "mvsnap.yaml",
        MVSNAP_DATA_DIR=service.home / "data",
        MVSNAP_ARGS="--roles worker",
    )
    if os.geteuid() == 0:
        shutil.chown(service.home, "root")
    done = service.run("start")
    assert done.returncode == 0, done.stderr
    assert f"started (pid {service.pid})" in done.stdout
    assert service("stop") == 0


def alive(pid: int) -> bool:
    """Whether it runs: a dead one that nobody has waited for has no command line."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return False
