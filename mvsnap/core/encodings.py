"""Which encoding a text of unknown origin has. Pure.

UTF-8 and UTF-16 show themselves. Any other is known only if the words of the text look
like words in one way alone; detectors made for pages of prose are wrong about a handful
of names, and say that they are sure. Otherwise somebody has to say which it is.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterable

from mvsnap.errors import BadInput
from mvsnap.texts import file_wordings as said
from mvsnap.texts.wording import Reason

# The usual ones first: encodings that give the same text go by the name of the first.
_CANDIDATES = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("cp932", "gb18030", "big5", "cp949", "euc_jp", "cp874", "cp850", "cp852"),
    *("cp866", "cp437", "cp737", "cp862", "koi8_r", "koi8_u", "iso8859_2"),
    *("iso8859_5", "iso8859_7", "iso8859_15", "mac_roman", "mac_cyrillic"),
    *("mac_greek",),
)
# Signs beyond these are so rare that they speak of another encoding.
_COMMON_PART = {"gb18030": "gb2312", "cp932": "shift_jis", "cp949": "euc_kr"}
# What systems call these are the larger ones that Windows writes.
_WIDER = {
    **dict.fromkeys(("ascii", "iso8859-1"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
_NOT_FOR_FILES = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf_7")
_APART = frozenset("\u00a0«»·¿¡§°€№")
_EASTERN_SIGNS = frozenset("\u3000、。・（）「」【】：－ー々")
# The second byte of a character may be one of @ to ~.
_WORD = re.compile(rb"[0-9@-~\x80-\xff]+")
# From the first of its characters on, else each one would be tried.
_PIECE = re.compile(r"(?<![A-Za-z])[A-Za-z]*[^\x00-\x7f][^\x00-@\[-`{-\x7f]*")
# The characters of languages; others are signs: ƒ for a currency, ª for a number.
_LATIN = re.compile(
    "[\u00c0-\u0148\u014a-\u017e\u01a0\u01a1\u01af\u01b0\u0218-\u021b\u1ea0-\u1ef9]"
)
_EASTERN = ("CJK", "HIRAGANA", "KATAKANA", "HALFWIDTH", "FULLWIDTH", "HANGUL")
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_MOST_WORDS = 2000
_MAX_WORD = 200
# All of them: each is read in forty encodings.
_MOST_BYTES = 16_384
_MAX_CARRIED = 65_536
_MOST_SHOWN = 12


def encoding_of(
    chunks: Iterable[bytes], given: str | None = None, *, option: str = "an option"
) -> str:
    """Return the encoding of a text, from all of its bytes.

    A byte order mark decides; then `given`; then zero bytes between the characters,
    then valid UTF-8.

    Raises:
        BadInput: it cannot be known; says how words look in some encodings, and names
            the option that says which.
    """
    utf8, words = _Utf8(), _Words()
    begun = False
    for chunk in chunks:
        if not begun:
            begun = True
            if chunk.startswith(_WORKBOOKS):
                raise BadInput(said.WORKBOOK())
            if found := _marked(chunk) or given or _spaced(chunk):
                return found
        utf8.feed(chunk)
        words.feed(chunk)
    if given or utf8.fits():
        return given or "utf-8"
    readings = _readings(words.sample())
    if len(readings) == 1:
        return next(iter(readings.values()))
    raise BadInput(_question(readings, option))


def check_encoding(name: str) -> str:
    """Return an encoding by the name we use for it, or raise BadInput."""
    try:
        found = codecs.lookup(name.strip()).name
        fits = "Aa1,\n".encode(found).decode(found) == "Aa1,\n"
    except (LookupError, ValueError):
        fits, found = False, ""
    if not fits or found.replace("-", "_") in _NOT_FOR_FILES:
        raise BadInput(
            f"{name[:40]!r} is unknown (expected one like cp1252 or gb18030)"
        )
    return _WIDER.get(found, found)


def _question(readings: dict[str, str], option: str) -> Reason:
    shown = [f"{name}: {_shown(text)}" for text, name in readings.items()]
    more = len(shown) - _MOST_SHOWN
    last = [f"and {more} more"] if more > 0 else []
    looks = Reason("; ".join(shown[:_MOST_SHOWN] + last)) or said.NO_ENCODING()
    return said.WHICH_ENCODING(option=option, looks=looks)


def _shown(text: str) -> str:
    return " ".join(text.split("\n")[:3])[:40]


def _readings(sample: bytes) -> dict[str, str]:
    """Return each text that the sample may be, with the encoding that makes it so."""
    found: dict[str, str] = {}
    if not sample:
        return found
    for name in _CANDIDATES:
        try:
            text = sample.decode(name)
        except UnicodeDecodeError:
            continue
        common = _COMMON_PART.get(name, name)
        if all(_is_word(piece, common) for piece in _PIECE.findall(text)):
            found.setdefault(text, name)
    return found


def _is_word(piece: str, common: str) -> bool:
    """Return whether the characters of a word may stand together in some language.

    common: an encoding of those that may stand beside Latin ones.
    """
    if all(sign in _APART for sign in set(piece)):
        return True
    characters = "".join(sign for sign in piece if sign not in _EASTERN_SIGNS)
    if not all(map(_is_character, set(characters))):
        return False
    scripts = {_script(sign) for sign in set(characters)}
    if "EAST" in scripts:
        # VIP室 is one, T黵 is not.
        is_usual = scripts == {"EAST"} or _has(common, characters)
        is_mixed = not scripts <= {"EAST", "LATIN"} or characters != characters.upper()
        return is_usual and not is_mixed
    if len(scripts) > 1:
        return False
    foreign = not any(map(str.isascii, characters))
    if scripts == {"LATIN"} and foreign and len(characters) > 3:
        return False
    # Tür and TÜR are words, TŘr is not.
    capital_within = any(not s.isascii() and s.isupper() for s in characters[1:])
    return not capital_within or characters == characters.upper()


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _is_character(sign: str) -> bool:
    if sign.isascii():
        return True
    kind = unicodedata.category(sign)
    if kind in ("Mn", "Mc"):
        return True
    if kind not in ("Lu", "Ll", "Lo"):
        return False
    script = _script(sign)
    if script == "LATIN":
        return bool(_LATIN.match(sign))
    return script == "EAST" or unicodedata.normalize("NFKC", sign) == sign


def _script(sign: str) -> str:
    name = unicodedata.name(sign, "?")
    return "EAST" if name.startswith(_EASTERN) else name.split(" ")[0]


class _Words:
    """Collects the words that are not ASCII; chunks may split a line."""

    def __init__(self) -> None:
        self._found: dict[bytes, None] = {}
        self._left = _MOST_BYTES
        self._carried = b""

    def feed(self, chunk: bytes) -> None:
        if self._is_full():
            return
        text = self._carried + chunk
        end = text.rfind(b"\n") + 1
        if not end and len(text) > _MAX_CARRIED:
            end = len(text)
        self._carried = text[end:][-_MAX_CARRIED:]
        self._add(text[:end])

    def sample(self) -> bytes:
        self._add(self._carried)
        return b"\n".join(self._found)

    def _add(self, text: bytes) -> None:
        if text.isascii():
            return
        for match in _WORD.finditer(text):
            word = match.group()
            if self._is_full():
                return
            is_fit = not word.isascii() and len(word) <= _MAX_WORD
            if is_fit and word not in self._found:
                self._found[word] = None
                self._left -= len(word)

    def _is_full(self) -> bool:
        return len(self._found) >= _MOST_WORDS or self._left <= 0


class _Utf8:
    """Checks whether its input is UTF-8; chunks may split a character."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._broken = False

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        if self._broken:
            return
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            self._broken = True

    def fits(self) -> bool:
        """Return whether everything was; call it once, at the end."""
        self.feed(b"", final=True)
        return not self._broken


def _marked(first: bytes) -> str | None:
    if first.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if first.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return None


def _spaced(first: bytes) -> str | None:
    half = len(first) // 2
    if half and first[1::2].count(0) > half * 0.8:
        return "utf-16-le"
    if half and first[0::2].count(0) > half * 0.8:
        return "utf-16-be"
    return None
