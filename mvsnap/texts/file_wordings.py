"""Wordings of what is wrong with a file of people or of badge events, and with photos.

name: a field or a column; value: what came, in quotes.
"""

from __future__ import annotations

from mvsnap.texts import N_
from mvsnap.texts.wording import Wording

# --- where it is
AT_LINE = Wording("file_at_line", N_("line %(number)s: %(why)s"))
AT_LINES = Wording("file_at_lines", N_("lines %(first)s to %(last)s: %(why)s"))
AT_ENTRY = Wording("file_at_entry", "[%(number)s]: %(why)s")
ONE_LEFT_OUT = Wording("file_one_left_out", N_("1 entry left out; %(first)s"))
LEFT_OUT = Wording("file_left_out", N_("%(count)s entries left out; %(first)s"))

# --- the file
UNREAD = Wording("file_unread", N_("%(path)s: cannot be read: %(why)s"))
TOO_LARGE = Wording("file_too_large", N_("%(path)s: larger than %(size_mb)s MB"))
NO_PEOPLE = Wording("file_no_people", N_("no people (expected at least one)"))
NO_PEOPLE_BUT = Wording(
    "file_no_people_but", N_("no people (expected at least one; %(what)s)")
)
NOT_JSON = Wording("file_not_json", N_("not JSON (expected a list of people)"))
NO_LIST = Wording("file_no_list", N_("not a list (expected a list of people)"))
IS_EMPTY = Wording("file_is_empty", N_("the file is empty (expected a heading line)"))
WORKBOOK = Wording(
    "file_is_workbook", N_("an Excel workbook (expected text: save it as CSV)")
)
WHICH_ENCODING = Wording(
    "file_which_encoding",
    N_("the encoding cannot be known: say which with %(option)s (%(looks)s)"),
)
NO_ENCODING = Wording("file_no_encoding", N_("no usual encoding fits"))
TOO_MANY_COLUMNS = Wording(
    "file_too_many_columns", N_("%(count)s columns (expected at most %(most)s)")
)
AND = Wording("and", N_("%(first)s and %(last)s"))
NO_COLUMN = Wording(
    "file_no_column",
    N_("no column for %(names)s (%(what)s; usual names are %(usual)s)"),
)
HAS = Wording("file_has", N_("the file has %(names)s"))
HAS_MORE = Wording("file_has_more", N_("the file has %(names)s and %(count)s more"))
HAS_NONE = Wording("file_has_none", N_("the file has none"))

# --- a line
NO_OBJECT = Wording("file_no_object", N_("not an object"))
TOO_MANY = Wording("file_too_many_people", N_("more than %(most)s people"))
UNCLOSED = Wording("file_unclosed_quote", N_("unclosed quote"))
SEVERAL_LINES = Wording(
    "file_cell_of_lines", N_("a cell spans several lines (unclosed quote?)")
)
TOO_MANY_CELLS = Wording(
    "file_too_many_cells",
    N_("%(count)s cells under %(most)s headings (unquoted delimiter?)"),
)
LONG_CELL = Wording(
    "file_long_cell",
    N_("a cell with more than %(most)s characters (unclosed quote?)"),
)
UNREAD_LINE = Wording("file_unread_line", N_("cannot be read: %(why)s"))

# --- a field
NO_TEXT = Wording("field_no_text", N_("%(name)s: %(value)s (expected text)"))
MISSING = Wording("field_missing", N_("%(name)s: missing (expected text)"))
TOO_LONG = Wording(
    "field_too_long", N_("%(name)s: %(count)s characters (expected at most %(most)s)")
)
CONTROL = Wording(
    "field_control",
    N_("%(name)s: contains control characters (expected plain text)"),
)
LOST_CHARACTER = Wording(
    "field_lost_character",
    N_(
        "%(name)s: %(value)s has a character that cannot be read "
        "(expected text in one encoding)"
    ),
)
STANDS_FOR_NOTHING = Wording(
    "field_stands_for_nothing",
    N_("%(name)s: %(value)s stands for nothing (expected a number)"),
)
WAS_ANOTHER = Wording(
    "field_was_another",
    N_(
        "%(name)s: %(value)s was another value before Excel (export the column as text)"
    ),
)
SEPARATED = Wording(
    "field_separated",
    N_(
        "%(name)s: %(value)s looks like a number with separators of thousands "
        "(expected all digits together; export the column as text)"
    ),
)
CELL_CUT = Wording(
    "field_cell_cut",
    N_("%(name)s: %(value)s (Excel has cut this cell; export the column as text)"),
)
NUMBER_CUT = Wording(
    "field_number_cut",
    N_("%(name)s: %(value)s (Excel has cut this number; export the column as text)"),
)

TWICE = Wording(
    "field_time_twice",
    N_(
        "%(name)s: %(value)s was on the clocks of %(zone)s twice, and the order of "
        "lines does not say which (clock change; expected an offset)"
    ),
)

# --- a photo
NO_FILE = Wording("photo_no_file", N_("not a file next to the directory: %(value)s"))
NO_ADDRESS = Wording("photo_no_address", N_("not an address: %(value)s"))
NO_HTTP = Wording("photo_no_http", N_("not an http(s) address: %(value)s"))
FOREIGN_HOST = Wording(
    "photo_foreign_host",
    N_("the address leads to %(value)s, which is not in badges.photo_hosts"),
)
BAD_REDIRECT = Wording("photo_bad_redirect", N_("redirected to an invalid address"))
SERVER_ANSWERED = Wording("server_answered", N_("the server answered %(status)s"))
NO_IMAGE = Wording("photo_no_image", N_("not an image but %(kind)s"))
LARGE_PHOTO = Wording("photo_too_large", N_("larger than %(size_mb)s MB"))
UNREAD_PHOTO = Wording("photo_unread", N_("it cannot be read: %(why)s"))
NOT_STORED = Wording("photo_not_stored", N_("it cannot be stored"))
