"""Why somebody may not do something: an error, and a line of the audit log."""

from __future__ import annotations

from mvsnap.texts import N_
from mvsnap.texts.wording import Wording

# By the role that a page asks for.
PAGE_FOR = {
    "viewer": Wording("for_users", N_("Only users can open this page")),
    "reviewer": Wording(
        "for_reviewers", N_("Only reviewers and admins can open this page")
    ),
    "admin": Wording("for_admins", N_("Only admins can open this page")),
}
NO_ACCESS = Wording("no_access_declared", N_("This page declares no access"))
NEEDS_FACTOR = Wording(
    "needs_second_factor",
    N_(
        "The role %(role)s needs a second factor: set it up on the page of your "
        "account first"
    ),
)
KEEPS_FACTOR = Wording(
    "keeps_second_factor", N_("The role %(role)s needs a second factor")
)
ACCOUNT_ELSEWHERE = Wording(
    "account_elsewhere",
    N_("Passwords and second factors of your account are not kept here"),
)
NO_SCOPE = Wording("no_scope", N_("This key does not have the scope '%(scope)s'"))
NOT_THIS_CAMERA = Wording(
    "not_this_camera", N_("This key may not use camera %(camera)s")
)
NOT_ALL_CAMERAS = Wording(
    "not_all_cameras", N_("This key may not use one of these cameras")
)
NOT_THIS_ROOM = Wording("not_this_room", N_("This key may not post to room '%(room)s'"))
NOT_THIS_MUTE = Wording(
    "not_this_mute", N_("This key may not mute that; name a camera it may use")
)
NAME_A_CAMERA = Wording(
    "name_a_camera",
    N_("serial: this key may use some cameras alone: name one of them"),
)
NOT_ALL_PLACES = Wording(
    "not_all_places",
    N_("This key may use some cameras alone; this is about all places"),
)
LINK_OVER = Wording(
    "link_over", N_("This link has expired, was ended or is not complete")
)
