"""A recorder in a process of its own: `python -m benchmarks.rings FOLDER CAMERAS URL`.

It says a line of JSON when all cameras are recorded, and one for each line it reads:
`clips N` records clips of N cameras at once and tells how many seconds after the end of
its window each was there; `states` tells how the cameras are.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mvsnap.clock import SystemClock
from mvsnap.recorder import CameraSettings, Recorder, RecorderSettings, State

PRE_ROLL_S, POST_ROLL_S = 10.0, 2.0
_LIMIT_S = 120.0


def main(folder: str, cameras: str, url: str) -> None:
    names = [f"camera {number}" for number in range(int(cameras))]
    settings = RecorderSettings(
        Path(folder),
        tuple(CameraSettings(name, url) for name in names),
        min_free_mb=1,
    )
    recorder = Recorder(settings, SystemClock())
    recorder.start()
    deadline = time.monotonic() + _LIMIT_S
    while not _all_recorded(recorder) and time.monotonic() < deadline:
        threading.Event().wait(0.2)
    _say(_states(recorder))
    for line in sys.stdin:
        command, *rest = line.split()
        if command == "clips":
            _say(_clips(recorder, names[: int(rest[0])]))
        elif command == "states":
            _say(_states(recorder))
        else:
            break
    recorder.stop()


def _clips(recorder: Recorder, names: list[str]) -> list[float]:
    at = datetime.now(UTC)
    over = at + timedelta(seconds=POST_ROLL_S)

    def record(name: str) -> float:
        clip = recorder.record(
            name, at, PRE_ROLL_S, POST_ROLL_S, name=f"{name} {at.isoformat()}"
        )
        assert clip.path is not None, clip.error
        return (datetime.now(UTC) - over).total_seconds()

    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(record, names))


def _all_recorded(recorder: Recorder) -> bool:
    return all(s.state is State.RECORDING for s in recorder.states().values())


def _states(recorder: Recorder) -> dict[str, float]:
    states = recorder.states().values()
    return {
        "recorded": sum(status.state is State.RECORDING for status in states),
        "held_s": min(status.held_s for status in states),
        "stalls": sum(status.stalls for status in states),
    }


def _say(found: object) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
