"""A reason: why something is so, as a code with values: that is what is stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from mvsnap.texts import formats

Value = str | int | float

# What is stored stays small, whatever a camera or a service said.
MOST_CHARACTERS = 300
# Values that count: they have separators of thousands; years and status codes do not.
_COUNTS = ("count", "least", "most")
# A reason in a reason, such as a refusal after what was waited for.
DEEPEST = 4
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Reason(str):
    """A sentence in English, with the code and the values that it was made of.

    The sentence is for programs, the log and the release before. People read what
    `mvsnap.texts.reasons.said` makes of it.

    code: "" for a sentence of somebody else: a service, or the release before.
    values: numbers and texts by name; a text may be a reason itself.
    """

    code: str
    values: Mapping[str, Value]

    def __new__(
        cls, text: str, code: str = "", values: Mapping[str, Value] | None = None
    ) -> Reason:
        made = super().__new__(cls, text)
        made.code, made.values = code, dict(values or {})
        return made


class Wording(Struct, frozen=True):
    """How a reason is said: in English, with its values as %(name)s.

    Values whose names end in `_s` are seconds: they are said as `12 s`, `3 min 4 s`.
    Those that end in `_at` are moments, as `core.site_time` stores them.
    """

    code: str
    text: str

    def __call__(self, **values: Value) -> Reason:
        """Return the reason with these values, cut to what is stored."""
        kept = {name: _kept(value) for name, value in values.items()}
        english = filled(self.pattern(kept), kept, text_of=str, digits_of=str)
        return Reason(english, self.code, kept)

    def pattern(self, _values: Mapping[str, Value]) -> str:
        """Return the text for these values, in English."""
        return self.text


class Listing(Wording, frozen=True):
    """Any number of reasons as one; its text is what stands between them."""

    def of(self, *reasons: Reason) -> Reason:
        """Return them as one; none: "", and one is itself."""
        if len(reasons) < 2:
            return reasons[0] if reasons else Reason("")
        return self(**{f"part_{n}": one for n, one in enumerate(reasons)})

    def pattern(self, values: Mapping[str, Value]) -> str:
        return self.text.join(f"%({name})s" for name in values)


def filled(
    text: str,
    values: Mapping[str, Value],
    *,
    text_of: Callable[[str], str],
    digits_of: Callable[[str], str],
) -> str:
    """Return the text with its values; the functions say them in its language.

    digits_of: of a number as English writes it, 12,345.6.

    Raises:
        KeyError, TypeError, ValueError: these are not its values.
    """
    shown = {}
    for name, value in values.items():
        if name.endswith("_s"):
            shown[name] = _duration(value, digits_of)
        elif isinstance(value, str):
            shown[name] = text_of(value)
        elif name in _COUNTS:
            shown[name] = digits_of(f"{value:,}")
        else:
            shown[name] = digits_of(str(value))
    return text % shown


def _duration(seconds: Value, digits_of: Callable[[str], str]) -> str:
    if isinstance(seconds, str):
        raise TypeError("a text is no duration")
    if seconds >= 60 or seconds == round(seconds):
        return formats.lasting(seconds)
    return f"{digits_of(f'{seconds:.1f}')} s"


def _kept(value: Value) -> Value:
    if isinstance(value, Reason) and _depth(value) < DEEPEST:
        return value
    if isinstance(value, str):
        return _CONTROL.sub(" ", value[:MOST_CHARACTERS])
    return value


def _depth(reason: Reason) -> int:
    inner = [_depth(one) for one in reason.values.values() if isinstance(one, Reason)]
    return 1 + max(inner, default=0)
