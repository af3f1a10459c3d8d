"""A service to be killed: records one clip of one camera, as soon as it has a pre-roll.

Usage: owner.py FOLDER URL; prints the trigger's time, ISO 8601.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))

from tests.recorder.build import camera, now, recording, wait_for_video


def main(folder: str, url: str) -> None:
    with recording(Path(folder), camera("gate", url)) as recorder:
        wait_for_video(recorder, "gate", 3.5)
        at = now()
        sys.stdout.write(f"triggered at {at.isoformat()}\n")
        sys.stdout.flush()
        recorder.record("gate", at, 3, 6, "event", received_at=at)


main(*sys.argv[1:])
