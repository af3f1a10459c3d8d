"""Building blocks of the API description: operations, parameters, answers."""

from __future__ import annotations

from msgspec import Struct

from mvsnap.runtime.openapi_schemas import Json, properties, reference

KEYS: list[Json] = [{"header": []}, {"bearer": []}, {"query": []}]

_COMMON_ERRORS = (
    "BadInput",
    "Unauthorized",
    "Forbidden",
    "TooLarge",
    "TooManyRequests",
    "HeadTooLong",
    "Unavailable",
)
_ERRORS: dict[str, tuple[str, str]] = {
    "BadInput": ("400", "Invalid parameter, named in the message"),
    "Unauthorized": ("401", "Missing or wrong key"),
    "Forbidden": ("403", "The key may not use this camera or room, or lacks the scope"),
    "NotFound": ("404", "Not found, or the key may not see it"),
    "TooLarge": ("413", "The body is too large"),
    "UnknownCoding": ("415", "Content-Encoding is neither gzip nor deflate"),
    "BadRange": ("416", "The file has no such range"),
    "TooManyRequests": (
        "429",
        "Too many requests, or accepted work, of this caller; try again after "
        "Retry-After seconds",
    ),
    "HeadTooLong": ("431", "The head of the request is above 16 KiB"),
    "Unavailable": (
        "503",
        "Nothing was accepted; try again after Retry-After seconds",
    ),
}
_FORM = "application/x-www-form-urlencoded"


def describe(
    name: str,
    summary: str,
    answers: Json,
    parameters: list[Json],
    errors: tuple[str, ...] = (),
) -> Json:
    return {
        "operationId": name,
        "summary": summary,
        "security": KEYS,
        "parameters": parameters,
        "responses": answers | _refusals(*_COMMON_ERRORS, *errors),
    }


def _refusals(*names: str) -> Json:
    return {_ERRORS[n][0]: {"$ref": f"#/components/responses/{n}"} for n in names}


def describe_open(name: str, summary: str, schema: str, *also: str) -> Json:
    """also: further statuses with the same answer."""
    answer = json_answer(schema, summary)
    return {
        "operationId": name,
        "summary": summary,
        "security": [],
        "responses": dict.fromkeys(("200", *also), answer) | _refusals("HeadTooLong"),
    }


def path_parameter(name: str, about: str) -> Json:
    schema = {"type": "string", "minLength": 1}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": about,
        "schema": schema,
    }


def query_parameters(shape: type[Struct]) -> list[Json]:
    """Return a parameter for each field of the shape."""
    return [
        {
            "name": name,
            "in": "query",
            "description": schema.pop("description", name),
            "schema": schema,
        }
        for name, schema in properties(shape).items()
    ]


def idempotency_key() -> Json:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "the same key gives the same job",
        "schema": {"type": "string", "maxLength": 255},
    }


def body(schema: Json, form: str | None = None, *, required: bool = True) -> Json:
    """form: its schema, where a form is accepted, too.

    It has another name than the JSON body: the class of a generated client then says
    which of the two is sent.
    """
    content = {"application/json": {"schema": schema}}
    if form:
        content[_FORM] = {"schema": reference(form)}
    return {"required": required, "content": content}


def json_answer(schema: str, about: str = "Found") -> Json:
    content = {"application/json": {"schema": reference(schema)}}
    return {"description": about, "content": content}


def file_answer(mime: str, about: str) -> Json:
    """Text, or a file of bytes: what generated clients give for it."""
    schema = {"type": "string"}
    if not mime.startswith("text/"):
        schema["format"] = "binary"
    return {"description": about, "content": {mime: {"schema": schema}}}


def responses() -> Json:
    return {name: json_answer("Error", about) for name, (_, about) in _ERRORS.items()}
