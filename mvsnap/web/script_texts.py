"""What scripts say on a page, in the site's language.

A script has no texts of its own: those below come with the element that loads it, and
it reads them from there. `tests/texts/test_scripts.py` finds one that has.
"""

from __future__ import annotations

import json

from flask import url_for
from markupsafe import Markup

from mvsnap.texts import N_, gettext

# By script: its own name of a text, and the text. It puts its values in place of %(…)s.
_LIVE = {
    "live": N_("Live"),
    "lost": N_("Connection lost, trying again"),
    "ended": N_("Your session has ended."),
}
SCRIPT_TEXTS: dict[str, dict[str, str]] = {
    "camera-live.js": {
        **_LIVE,
        "answered": N_("The server answered %(status)s"),
        "start": N_("Live view"),
        "stop": N_("Stop live view"),
        "connecting": N_("Connecting …"),
        "reload": N_("Reload the page to log in."),
    },
    "clip-frames.js": {
        "wrong": N_("Something went wrong"),
        "slow": N_("This takes too long; try again"),
        "reading": N_("Reading the frames …"),
        "frame": N_("Frame %(number)s of %(all)s"),
        "making": N_("Making the still …"),
        "saved": N_("Still saved"),
    },
    "copy.js": {"copied": N_("Copied")},
    "entry-trial.js": {
        "silent": N_("There is no answer. Try again."),
        "picture": N_("Picture of the clip"),
    },
    "in-step.js": {
        "before": N_("%(seconds)s s before the alarm"),
        "after": N_("%(seconds)s s after the alarm"),
        "now": N_("at the alarm"),
        "play": N_("Play"),
        "pause": N_("Pause"),
    },
    "live-list.js": {
        **_LIVE,
        "more": N_("and %(number)s more"),
        "again": N_("Log in again"),
    },
    "picture-zoom.js": {
        "zoom": N_("Zoom"),
        "out": N_("Zoom out"),
        "in": N_("Zoom in"),
    },
    "pictures.js": {"place": N_("%(number)s of %(all)s")},
    "settings.js": {
        "silent": N_("There is no answer yet; the message may still arrive."),
    },
    "status.js": {"days": N_("%(number)s days")},
}


def script(name: str) -> Markup:
    """Return the element that loads a script of ours, with its texts."""
    texts = SCRIPT_TEXTS.get(name)
    address = url_for("static", filename=name)
    if texts is None:
        return Markup('<script src="{}" defer></script>').format(address)
    said = json.dumps(
        {key: gettext(text) for key, text in texts.items()}, ensure_ascii=False
    )
    return Markup('<script src="{}" data-texts="{}" defer></script>').format(
        address, said
    )
