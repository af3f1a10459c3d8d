"""Wordings of why a message waits or was not delivered: Webex and other channels.

What a service said in its own words follows them, as it said it.
"""

from __future__ import annotations

from mvsnap.texts import N_
from mvsnap.texts.wording import Wording

NOT_DELIVERED = Wording("not_delivered", N_("not delivered"))
RUNS_NOW = Wording("runs_now", N_("it runs now"))
NOT_BEGUN = Wording("not_begun", N_("it has not begun yet"))
IT_FAILED = Wording("it_failed", N_("it failed"))
NOT_TRIED_NOW = Wording("not_tried_now", N_("%(name)s is not tried now"))
REPLIES_TO_UNSENT = Wording(
    "replies_to_unsent", N_("the message it replies to was not sent")
)
NEXT_TRY = Wording("waits_next_try", N_("its next try"))
ITS_TURN = Wording("waits_turn", N_("its turn"))
A_ROOM = Wording("waits_room", N_("room %(name)s"))
A_CAMERA = Wording("waits_camera", N_("camera %(name)s"))
A_MESSAGE = Wording("waits_message", N_("the message it follows, of job %(id)s"))
VIDEO_ON_THE_WAY = Wording("video_on_the_way", N_("its video is on the way"))
NAMES_TO_COME = Wording(
    "names_to_come", N_("the Dashboard has not said the names of the cameras yet")
)
UNEXPECTED = Wording("unexpected", N_("unexpected: %(name)s"))
NEWER_RELEASE = Wording("newer_release", N_("it takes a newer release of mvsnap"))
RUN_ENDED = Wording("run_ended", N_("the job engine ended its run"))

FROM_ONLY = Wording("from_only", N_("%(what)s (from %(machines)s only)"))

# --- What to do on the machine of a service; mvsnap: how it is called there
START_SENSE = Wording("start_sense", N_("Start one: %(mvsnap)s serve --roles sense"))
PURGE_BY_FORCE = Wording(
    "purge_by_force", N_("If the clock is right: %(mvsnap)s purge --force")
)
PURGE_STRAYS = Wording(
    "purge_strays", N_("If they belong to nobody: %(mvsnap)s purge --force")
)

# --- Webex
TRACKED = Wording("tracked", "%(what)s [tracking id %(id)s]")
WEBEX_NOT_CONFIGURED = Wording("webex_not_configured", N_("Webex is not configured"))
WEBEX_UNREACHABLE = Wording(
    "webex_unreachable", N_("Webex could not be reached: %(why)s")
)
WEBEX_REDIRECTS = Wording(
    "webex_redirects", N_("Webex answered with a redirect: not followed")
)
WEBEX_NOT_CALLED = Wording(
    "webex_not_called", N_("The call to Webex could not be made (%(name)s)")
)
WEBEX_NOT_CALLABLE = Wording(
    "webex_not_callable",
    N_(
        "The call to Webex could not be made (%(name)s): check webex.base_url and "
        "webex.bot_token"
    ),
)
WEBEX_UNEXPECTED = Wording(
    "webex_unexpected",
    N_(
        "Webex returned an unexpected answer (200): is there a proxy or a login page "
        "in between?"
    ),
)
WEBEX_ERROR = Wording("webex_error", N_("Webex reports an error (%(status)s)"))
WEBEX_REFUSED = Wording("webex_refused", N_("Webex refused the request (%(status)s)"))
WEBEX_REFUSED_TOKEN = Wording(
    "webex_refused_token",
    N_(
        "Webex refused the bot's token (401): fix webex.bot_token, or that of the "
        "channel, and waiting messages will be delivered"
    ),
)
WEBEX_FORBIDS = Wording(
    "webex_forbids",
    N_("Webex forbids this to the bot (403): check its rights in the room"),
)
WEBEX_UNKNOWN = Wording(
    "webex_unknown",
    N_("Webex cannot find this room, person or message (404): is the bot in the room?"),
)
WEBEX_FILE_KIND = Wording(
    "webex_file_kind", N_("Webex does not accept this kind of file (415)")
)
WEBEX_FILE_CHECKED = Wording(
    "webex_file_checked", N_("Webex is still checking a file (423)")
)
WEBEX_BUSY = Wording(
    "webex_busy", N_("Webex received too many messages from this bot (429)")
)
WEBEX_HOLDS = Wording(
    "webex_holds", N_("Webex asked for no calls for %(wait_s)s (429)")
)
WEBEX_NO_ROOMS = Wording("webex_no_rooms", N_("Webex says that the bot is in no room"))
WEBEX_TITLES_UNREAD = Wording(
    "webex_titles_unread", N_("Webex cannot read the titles of all rooms now")
)
ASKED_AGAIN = Wording("asked_again", N_("%(why)s: it is asked again"))
WEBEX_FILE_GONE = Wording("webex_file_gone", N_("The file to post is gone"))
WEBEX_ROOMS_ALIKE = Wording(
    "webex_rooms_alike",
    N_("%(count)s Webex rooms are called '%(name)s': use one of the ids %(ids)s"),
)
WEBEX_NO_SUCH_ROOM = Wording(
    "webex_no_such_room",
    N_(
        "The bot is not in a Webex room called '%(name)s', and nobody has that name: "
        "add it to the room, or correct the title"
    ),
)
SIMILAR = Wording("similar", N_("%(what)s; similar: %(names)s"))
WEBEX_PEOPLE_ALIKE = Wording(
    "webex_people_alike",
    N_(
        "%(count)s people in Webex are called '%(name)s': use one of the addresses "
        "%(addresses)s"
    ),
)
WEBEX_NO_SUCH_PERSON = Wording(
    "webex_no_such_person",
    N_(
        "Webex knows nobody with the address %(address)s in the bot's organization: "
        "check the spelling"
    ),
)

# --- other receivers; whose: one of the first two
THE_CHANNEL = Wording("the_channel", N_("The channel %(name)s"))
THE_WEBHOOK = Wording("the_webhook", N_("The webhook %(name)s"))
UNREACHABLE = Wording(
    "receiver_unreachable", N_("%(whose)s could not be reached: %(why)s")
)
NOT_CALLABLE = Wording(
    "receiver_not_callable", N_("%(whose)s cannot be called (%(name)s)")
)
REDIRECTS = Wording(
    "receiver_redirects",
    N_("%(whose)s answered with a redirect (%(status)s): not followed"),
)
REPORTS_ERROR = Wording("receiver_error", N_("%(whose)s reports an error (%(status)s)"))
REFUSED = Wording("receiver_refused", N_("%(whose)s refused the message (%(status)s)"))
TOO_MANY = Wording(
    "receiver_busy", N_("%(whose)s received too many messages (%(status)s)")
)
NOT_TAKEN = Wording("receiver_took_none", N_("%(whose)s did not take the message"))
MAIL_SERVER_SILENT = Wording(
    "mail_server_silent", N_("the mail server does not answer")
)
MAIL_SERVER_LACKS = Wording(
    "mail_server_lacks",
    N_("%(whose)s cannot be used: the mail server lacks a log-in or encryption"),
)
REFUSED_PASSWORD = Wording(
    "receiver_refused_password", N_("%(whose)s refused the password (%(status)s)")
)
REFUSED_MAIL = Wording(
    "receiver_refused_mail", N_("%(whose)s refused the mail (%(status)s)")
)
UNKNOWN_ADDRESS = Wording(
    "apprise_unknown_address",
    N_("%(whose)s: its address is not one that Apprise knows"),
)
NEEDS_EXTRA = Wording(
    "apprise_missing", N_("Channels of the kind apprise need %(name)s")
)
