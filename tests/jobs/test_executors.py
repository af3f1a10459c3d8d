from __future__ import annotations

import signal
import sys
from pathlib import Path

from mvsnap.jobs.executors import acquire_slot
from tests.servers.processes import running

ROOT = Path(__file__).parent.parent.parent
HOLDER = """
import signal, sys
from pathlib import Path
from mvsnap.jobs.executors import acquire_slot
slot = acquire_slot(Path(sys.argv[1]))
print("holds", slot.executor_id, flush=True)
signal.pause()
"""


def test_two_at_once_have_different_ids(tmp_path: Path) -> None:
    first, second = acquire_slot(tmp_path), acquire_slot(tmp_path)
    assert first.executor_id != second.executor_id
    first.release()
    second.release()


def test_a_released_id_is_acquired_again(tmp_path: Path) -> None:
    first, second = acquire_slot(tmp_path), acquire_slot(tmp_path)
    first.release()
    third = acquire_slot(tmp_path)
    assert third.executor_id == first.executor_id
    second.release()
    third.release()


def test_two_installations_never_share_an_id(tmp_path: Path) -> None:
    one, other = acquire_slot(tmp_path / "a"), acquire_slot(tmp_path / "b")
    assert one.executor_id != other.executor_id
    one.release()
    other.release()


def test_the_id_of_a_killed_process_is_acquired_by_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with running(command, cwd=ROOT) as holder:
        holder.wait_for_output("holds")
        held = holder.output().split()[1]
        beside = acquire_slot(tmp_path)
        assert beside.executor_id != held
        holder.stop(signal.SIGKILL)
        assert holder.exit_code == -9
        after = acquire_slot(tmp_path)
        assert after.executor_id == held
    beside.release()
    after.release()
