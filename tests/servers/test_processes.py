import signal
import sys

import pytest

from mvsnap.simulator.ports import free_port
from tests.servers.processes import (
    NotThere,
    Program,
    answers,
    require,
    running,
    wait_until,
)

PYTHON = sys.executable
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
while True: signal.pause()
"""


def test_a_program_answers_until_its_block_ends() -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    server = [PYTHON, "-m", "http.server", f"{port}", "--bind", "127.0.0.1"]
    with running(server) as program:
        program.wait_for_url(url)
        program.wait_for_output("GET /")
    assert not answers(url)


def test_waiting_for_a_program_that_ended_fails_at_once_with_its_words() -> None:
    with (
        running([PYTHON, "-c", "raise SystemExit('no camera')"]) as program,
        pytest.raises(NotThere, match=r"ended with 1\nno camera"),
    ):
        program.wait_for_url(f"http://127.0.0.1:{free_port()}/")


def test_what_was_true_for_a_moment_was_seen() -> None:
    once = iter((True,))
    with running([PYTHON, "-c", STUBBORN]) as program:
        program.wait_for(lambda: next(once, False), "a moment")


def test_output_can_be_read_after_the_end() -> None:
    program = Program([PYTHON, "-c", "print('done')"])
    wait_until(lambda: program.exit_code is not None, "it ends")
    assert program.stop() == 0
    assert program.output() == "done\n"


def test_a_program_that_ignores_the_signal_is_killed() -> None:
    program = Program([PYTHON, "-c", STUBBORN])
    program.wait_for_output("deaf")
    assert program.stop(limit_s=0.2) == -9


def test_waiting_in_vain_names_what_was_waited_for() -> None:
    with pytest.raises(NotThere, match="the moon: not within"):
        wait_until(lambda: False, "the moon", limit_s=0.1)


def test_a_missing_program_fails_with_the_line_to_type() -> None:
    with pytest.raises(NotThere, match="sudo apt-get install -y nothing-like-it"):
        require("no-such-program", "nothing-like-it")


def test_a_program_that_does_not_come_to_it_is_over() -> None:
    program = Program([PYTHON, "-c", STUBBORN])
    with pytest.raises(NotThere, match="never: not within"):
        program.wait_for(lambda: False, "never", limit_s=0.2)
    assert program.exit_code == -signal.SIGKILL
    assert program.stop() == -signal.SIGKILL
