"""The environment of the programs that mvsnap starts: ffmpeg, mosquitto, openssl.

Settings may come from variables, so ours has keys and passwords, and everybody with
this account could read a copy of it in /proc.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

# Where programs, libraries and temporary files are; language, time zone, GPU driver.
_PASSED_ON = frozenset(
    {
        *("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "LANG", "LANGUAGE", "TZ"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "LIBVA_DRIVER_NAME", "LIBVA_DRIVERS_PATH"),
    }
)


def child_environment(ours: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a child needs of our environment (ours: of this process).

    Named one by one: a list of what must not pass would miss the secrets of others.
    """
    given = os.environ if ours is None else ours
    return {
        name: value
        for name, value in given.items()
        if name in _PASSED_ON or name.startswith("LC_")
    }
