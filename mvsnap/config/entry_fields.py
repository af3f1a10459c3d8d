"""The fields of a form for an entry of the settings, drawn from its model.

Texts in, values as they would be in the file out: whether they are right is for the
model to say.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Struct
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from mvsnap.config.notify import TimeSpan
from mvsnap.config.values import Section
from mvsnap.texts import first_upper
from mvsnap.texts.audit_wordings import HIDDEN
from mvsnap.texts.wording import Reason

# How a field is asked for.
Asked = Literal["text", "choice", "several", "secret", "lines", "hours", "pairs"]

LONGEST_TEXT = 4000
_UNITS = {"_s": "seconds", "_h": "hours", "_mb": "MB"}
_YES_NO = ("true", "false")
_SPELLED = {
    "url": "URL",
    "tls": "TLS",
    "ixon": "IXON",
    "pre roll": "pre-roll",
    "post roll": "post-roll",
}
# Where a form has other words than the file: those of the page of MV Sense.
_LABELS = {
    "when": "Hours in which messages are sent",
    "outside": "Outside of these hours",
}
_ABOUT_NAME = {"outside": "Pictures and events are kept either way."}
_SAID = {"True": "Yes", "False": "No"}
# Where a form writes it in another way than the file.
_ABOUT: Mapping[Asked, str] = {
    "hours": "One span per line, like mon-fri 08:00-18:00, in the site's time zone; "
    "over midnight if the second time is earlier; empty: always.",
    "pairs": 'What the message must have, one "path: value" per line, like '
    "extraInfo.Device name: Robot *; of several values for one path any is enough; "
    "empty: any message.",
}


class FormField(Struct, frozen=True):
    """name: its path in the entry, such as escalation.after_s.

    default: what an empty field means, "" where the description says it.
    """

    name: str
    label: str
    asked: Asked
    about: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    default: str = ""
    is_required: bool = False
    is_secret: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.name.split("."))


def fields_of(
    model: type[Section], without: Sequence[str] = (), above: str = ""
) -> Iterator[FormField]:
    """Yield the fields of a model, those of the sections in it with their path."""
    for name, info in model.model_fields.items():
        if not above and name in without:
            continue
        kinds = list(_flat(info.annotation))
        if len(kinds) == 1 and _is_section(kinds[0]):
            yield from fields_of(kinds[0], above=f"{above}{name}.")
            continue
        yield _field(f"{above}{name}", info, kinds)


def texts_of(fields: Sequence[FormField], value: Mapping[str, Any]) -> dict[str, str]:
    """Return what a form shows of a value; nothing of a secret."""
    return {f.name: "" if f.is_secret else _text(f, value_at(value, f)) for f in fields}


def value_of(
    fields: Sequence[FormField],
    texts: Mapping[str, str],
    known: Mapping[str, Any],
    cleared: Collection[str] = (),
) -> dict[str, Any]:
    """Return the value of what was entered; an empty field is not set.

    known: the value before: its secrets, which a form does not show, stay.
    cleared: secrets that do not.
    """
    made: dict[str, Any] = {}
    for each in fields:
        text = texts.get(each.name, "")[:LONGEST_TEXT].strip()
        value = _value(each, text) if text else None
        if each.is_secret and not text and each.name not in cleared:
            value = value_at(known, each)
        if value is None:
            continue
        inner = made
        for part in each.parts[:-1]:
            inner = inner.setdefault(part, {})
        inner[each.parts[-1]] = value
    return made


def shown(field: FormField, value: Mapping[str, Any]) -> Reason:
    """Return what an audit log says of a field; a secret is only said to be set."""
    if field.is_secret:
        return Reason("") if value_at(value, field) is None else HIDDEN()
    return Reason(", ".join(_text(field, value_at(value, field)).splitlines()))


def _field(name: str, info: FieldInfo, kinds: list[Any]) -> FormField:
    last = name.rpartition(".")[2]
    suffix = next((end for end in _UNITS if last.endswith(end)), "")
    asked, choices = _asked(kinds)
    is_given = not info.is_required() and info.default not in (None, "", (), {})
    default = _plain(info.default) if is_given else ""
    return FormField(
        name,
        _label(name.removesuffix(suffix)),
        asked,
        _ABOUT_NAME.get(name) or _about(info, asked),
        _UNITS.get(suffix, ""),
        choices,
        default,
        info.is_required(),
        is_secret=asked == "secret",
    )


def _label(name: str) -> str:
    if name in _LABELS:
        return _LABELS[name]
    label = name.replace("_", " ").replace(".", ", ")
    for word, spelled in _SPELLED.items():
        label = re.sub(rf"\b{word}\b", spelled, label)
    return first_upper(label)


def _about(info: FieldInfo, asked: Asked) -> str:
    about = (info.description or "").strip()
    if asked in _ABOUT:
        return _ABOUT[asked]
    if asked == "lines":
        about = f"one per line; {about}" if about else "one per line"
    first, colon, rest = first_upper(about).partition(":")
    return f"{_SAID.get(first, first)}{colon}{rest}" + ("." if about else "")


def _asked(kinds: list[Any]) -> tuple[Asked, tuple[str, ...]]:
    if SecretStr in kinds:
        return "secret", ()
    if any(typing.get_origin(kind) is Literal for kind in kinds):
        texts = [str(t) for k in kinds for t in typing.get_args(k)]
        is_choice = all(typing.get_origin(kind) is Literal for kind in kinds)
        return ("choice", tuple(texts)) if is_choice else ("text", ())
    if any(typing.get_origin(kind) is dict for kind in kinds):
        return "pairs", ()
    if kinds == [bool]:
        return "choice", _YES_NO
    several = next((k for k in kinds if typing.get_origin(k) is tuple), None)
    inner = list(_flat(typing.get_args(several)[0])) if several else []
    if TimeSpan in inner:
        return "hours", ()
    if inner and all(typing.get_origin(kind) is Literal for kind in inner):
        return "several", tuple(str(t) for k in inner for t in typing.get_args(k))
    return ("lines" if several else "text"), ()


def _flat(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union, without None and what is annotated to them."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        yield from _flat(typing.get_args(annotation)[0])
    elif origin in (typing.Union, types.UnionType):
        for member in typing.get_args(annotation):
            yield from _flat(member)
    elif annotation is not type(None):
        yield annotation


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def value_at(value: Mapping[str, Any], field: FormField) -> Any:
    found: Any = value
    for part in field.parts:
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _text(field: FormField, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return "\n".join(_pair_lines(value))
    several = value if isinstance(value, list | tuple) else [value]
    if field.asked == "hours":
        return "\n".join(map(_hours_text, several))
    return "\n".join(map(_plain, several))


def _value(field: FormField, text: str) -> Any:
    if field.asked in ("text", "choice", "secret"):
        return text
    lines = [line for raw in text.splitlines() if (line := raw.strip())]
    if field.asked == "pairs":
        return _pairs(lines)
    return [read_hours(line) for line in lines] if field.asked == "hours" else lines


def _pairs(lines: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        path, _, value = line.partition(":")
        found.setdefault(path.strip(), []).append(value.strip())
    return found


def _pair_lines(pairs: Mapping[str, Any]) -> Iterator[str]:
    for path, value in pairs.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            yield f"{path}: {_plain(one)}"


def read_hours(line: str) -> dict[str, str]:
    """Read `mon-fri 08:00-18:00`, or one of both alone; the model judges the parts."""
    # Phones write a dash, people blanks around it.
    line = "-".join(part.strip() for part in re.split("[-–]", line))
    days, _, times = line.rpartition(" ")
    begin, dash, until = times.partition("-")
    if not dash or ":" not in times:
        return {"days": line}
    found = {"from": begin, "to": until}
    return {"days": days.strip()} | found if days.strip() else found


def _hours_text(span: Mapping[str, Any]) -> str:
    days = span.get("days", "")
    days = ", ".join(days) if isinstance(days, list | tuple) else days
    times = f"{span['from']}-{span['to']}" if "from" in span else ""
    return f"{days} {times}".strip()
