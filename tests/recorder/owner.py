"""A service to be killed: records one clip of one camera.

Usage: owner.py FOLDER URL AT; AT is the trigger's time, ISO 8601.
"""

import sys
import time
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))

from tests.recorder.build import camera, recording


def main(folder: str, url: str, at: str) -> None:
    trigger = datetime.fromisoformat(at)
    with recording(Path(folder), camera("gate", url)) as recorder:
        time.sleep(max(0.0, trigger.timestamp() - time.time()))
        recorder.record("gate", trigger, 3, 6, "event", received_at=trigger)


main(*sys.argv[1:])
