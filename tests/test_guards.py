"""Guards: access on every view, one shape of errors, texts that follow the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from werkzeug.test import TestResponse

from mvsnap.config import reference
from mvsnap.domain import Role
from mvsnap.web import auth
from tests.conftest import WATCHED_BY_THE_CLOCK
from tests.order import LONG, in_turns
from tests.web.build import BUTTON, KEY, READER, Web, token_of

ROOT = Path(__file__).parent.parent
PUBLIC = {
    "ops.healthz",
    "ops.readyz",
    "ops.openapi",
    "hooks.receive",
    "hooks.receive_with_token",
    "scanning.validate",
    "scanning.receive",
    "ops.security_txt",
    "evidence.snapshot",
    "evidence.clip",
    "seen.ask",
    "seen.confirm_by_link",
}
# Pages and files anybody may have: without them nobody could log in.
PUBLIC_PAGES = {
    *("login.login", "login.try_to_log_in", "login_code.ask", "login_code.try_code"),
    *("static", "bootstrap.static"),
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    made = Web(tmp_path_factory.mktemp("data"))
    yield made
    made.close()


def views_without_access(app: Flask) -> list[str]:
    views = app.view_functions
    return [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if auth.access_of(views[rule.endpoint]) is None
    ]


def test_every_view_names_its_access(web: Web) -> None:
    assert views_without_access(web.app) == []


def test_only_these_views_are_public(web: Web) -> None:
    views = web.app.view_functions
    accesses = {endpoint: auth.access_of(view) for endpoint, view in views.items()}
    open_to_all = {e for e, access in accesses.items() if access == auth.PUBLIC}
    assert open_to_all == PUBLIC | PUBLIC_PAGES


def test_one_more_where_the_bot_takes_commands(tmp_path: Path) -> None:
    commands = {"people": ["guard@example.com"]}
    web = Web(tmp_path, webex={"bot_token": "a-bot-token", "commands": commands})
    views = web.app.view_functions
    assert auth.access_of(views["bot.receive"]) == auth.PUBLIC
    assert views_without_access(web.app) == []


def test_control_a_view_without_access_is_found_and_refused(tmp_path: Path) -> None:
    web = Web(tmp_path)
    web.app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    assert views_without_access(web.app) == ["forgotten"]
    assert error(web.client().get("/forgotten"), 403) == "forbidden"


def error(answer: TestResponse, status: int) -> str:
    """Return the code of an error answer after checking its whole shape."""
    body = answer.get_json()
    assert answer.status_code == status, body
    assert list(body) == ["error"]
    assert set(body["error"]) == {"code", "message"}
    assert all(isinstance(text, str) and text for text in body["error"].values())
    assert answer.content_type == "application/json"
    code: str = body["error"]["code"]
    assert re.fullmatch("[a-z_]+", code)
    return code


@dataclass(frozen=True)
class Call:
    """One method of one route, with its access."""

    method: str
    address: str
    access: auth.Access


def calls(web: Web, value: str = "11111111-1111-4111-8111-111111111111") -> list[Call]:
    """Return every method of every route but OPTIONS, with its access.

    value: of what is variable in an address.
    """
    found = []
    for rule in web.app.url_map.iter_rules():
        address = re.sub("<[^>]+>", value, rule.rule)
        access = auth.access_of(web.app.view_functions[rule.endpoint])
        assert access is not None
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            found.append(Call(method, address, access))
    return found


def api_calls(web: Web) -> list[Call]:
    """Return the calls an API key opens."""
    return [call for call in calls(web) if call.access.scope is not None]


def page_calls(web: Web) -> list[Call]:
    """Return the calls a person must have logged in for."""
    return [
        call
        for call in calls(web)
        if call.access.role is not None and call.access.scope is None
    ]


def test_no_key_is_401_on_every_route_that_needs_one(web: Web) -> None:
    for call in api_calls(web) + page_calls(web):
        answer = web.client(None).open(call.address, method=call.method)
        assert error(answer, 401) == "unauthorized"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_opens_no_page(web: Web) -> None:
    for call in page_calls(web):
        answer = web.client().open(call.address, method=call.method)
        assert error(answer, 401) == "unauthorized"


def test_a_browser_that_is_not_logged_in_is_sent_to_the_login(web: Web) -> None:
    for call in page_calls(web):
        answer = web.browser().open(call.address, method=call.method)
        if call.method == "GET":
            assert answer.status_code == 303
            assert answer.location == f"/login?next={call.address}"
        else:
            assert answer.status_code == 401
            assert answer.mimetype == "text/html"


def test_no_session_changes_anything_without_its_token(tmp_path: Path) -> None:
    web = Web(tmp_path)
    client = web.log_in()
    for call in api_calls(web) + page_calls(web):
        if call.method != "GET":
            answer = client.open(call.address, method=call.method)
            is_old_form = "This form is no longer valid" in answer.text
            assert (answer.status_code, is_old_form) in {(400, True), (401, False)}
    assert client.get("/").status_code == 200


def test_a_role_that_is_too_low_is_403_on_every_page(tmp_path: Path) -> None:
    web = Web(tmp_path)
    client = web.log_in(Role.VIEWER)
    for call in page_calls(web):
        if call.access.role is not Role.VIEWER:
            answer = client.open(call.address, method=call.method)
            assert answer.status_code == 403, call
            says = r"Only (reviewers and )?admins can open this page\."
            assert re.search(says, answer.text), call


def test_a_key_without_the_scope_is_403_on_every_route(web: Web) -> None:
    for call in api_calls(web):
        key = BUTTON if call.access.scope == "read" else READER
        answer = web.client(key).open(call.address, method=call.method)
        assert error(answer, 403) == "forbidden"


def test_an_unknown_parameter_is_400_on_every_route(web: Web) -> None:
    for call in api_calls(web):
        address = f"{call.address}?nonsense=1"
        answer = web.client().open(address, method=call.method)
        assert error(answer, 400) == "unknown_parameter"
    assert web.accepted == []


def test_a_body_above_the_limit_is_413_on_every_route(web: Web) -> None:
    for call in api_calls(web):
        large = b"a" * 1_000_001
        answer = web.client().open(call.address, method=call.method, data=large)
        assert error(answer, 413) == "request_entity_too_large"


def test_a_wrong_method_is_405_on_every_route(web: Web) -> None:
    for call in calls(web):
        answer = web.client().put(call.address)
        assert error(answer, 405) == "method_not_allowed"
        assert call.method in answer.headers["Allow"]


ERRORS_OF_PROGRAMS = (
    "/api/v1.0/nothing",
    "/webhook/x/y",
    "/scanning/x/y",
    "/healthz/x",
)


@pytest.mark.parametrize("address", ERRORS_OF_PROGRAMS)
def test_an_error_of_an_address_for_programs_is_json_even_in_a_browser(
    web: Web, address: str
) -> None:
    assert error(web.browser().get(address), 404) == "not_found"


def test_an_error_of_a_page_is_a_page(web: Web) -> None:
    answer = web.browser().get("/nothing")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "Error 404" in answer.text


@pytest.mark.parametrize("key", [KEY, None], ids=["with a key", "without a key"])
@pytest.mark.parametrize(
    "address", ["/nothing", "/static/nothing", "/api/v1.0/", "/api/v1.0/nothing"]
)
def test_an_unknown_address_is_404(web: Web, address: str, key: str | None) -> None:
    assert error(web.client(key).get(address), 404) == "not_found"


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1.0/jobs/11111111-1111-4111-8111-111111111111",
        "/api/v1.0/jobs/nonsense",
        "/api/v1.0/events/11111111-1111-4111-8111-111111111111",
        "/api/v1.0/events/%00%ff",
        "/api/v1.0/events/nonsense/snapshot.jpg",
    ],
)
def test_an_unknown_job_or_event_is_404(web: Web, address: str) -> None:
    assert error(web.client().get(address), 404) == "not_found"


def test_a_nul_in_an_address_is_no_error_of_ours_on_any_route(
    tmp_path: Path, migrated_postgres_url: str
) -> None:
    """PostgreSQL takes no such text, not even to look for it."""
    web = Web(tmp_path, database_url=migrated_postgres_url)
    admin, key = web.log_in(), web.client()
    assert admin.get("/alarms/test?event=%00").status_code == 404
    # Else each address is compared with all patterns that begin like it.
    assert web.app.url_map.converters["default"].part_isolating
    form = {"csrf_token": token_of(admin.get("/"))}
    wrong = []
    for call in calls(web, "%00"):
        client, sent = (key, None) if call.access.scope else (admin, form)
        if "%00" in call.address:
            data = None if call.method == "GET" else sent
            answer = client.open(call.address, method=call.method, data=data)
            if answer.status_code not in (401, 404):
                wrong.append((call.method, call.address, answer.status_code))
    assert wrong == []


def test_a_bug_is_500_and_reveals_no_internals(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    web = Web(tmp_path)

    @auth.public
    def broken() -> str:
        raise RuntimeError("a secret of the program")

    web.app.add_url_rule("/broken", "broken", broken)
    answer = web.client().get("/broken")
    assert error(answer, 500) == "internal"
    assert "secret" not in answer.text
    assert "a secret of the program" in caplog.text


def test_a_bug_in_a_page_gives_an_error_page_without_internals(
    tmp_path: Path,
) -> None:
    web = Web(tmp_path)

    @auth.public
    def broken() -> str:
        raise RuntimeError("a secret of the program")

    web.app.add_url_rule("/broken", "broken", broken)
    answer = web.browser().get("/broken")
    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert "see the log" in answer.text
    assert "secret" not in answer.text


TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STATIC = sorted((ROOT / "mvsnap/web/static").rglob("*"))
# What a browser loads or runs by itself; a link that a person follows may lead away.
LOADED = (
    r"<(?:link|script|img|iframe|video|audio|source|object|embed|use|form)\b"
    r"[^>]*?(?:https?:)?//"
)
INLINE = r"<style|<script(?![^>]*\bsrc=)|\bstyle=|\son[a-z]+=|javascript:"


def outside(text: str) -> list[str]:
    """Return what makes a browser load something from another host, or run a text."""
    text = text.replace("http://www.w3.org/2000/svg", "")
    return re.findall(f"{LOADED}|{INLINE}|@import|url\\(|fetch\\(.https?:", text)


def test_no_page_loads_anything_from_another_host_or_runs_a_text() -> None:
    found = {p: outside(p.read_text(encoding="utf-8")) for p in TEMPLATES + STATIC}
    assert {path: what for path, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//cdn.example/x.css">',
        '<img alt="" src="http://cdn.example/x.png">',
        "<script>alert(1)</script>",
        '<p style="color: red">',
        '<button onclick="x()">',
        "@import 'x.css'",
        "background: url(https://cdn.example/x.png)",
    ],
)
def test_control_a_foreign_address_in_a_page_is_found(text: str) -> None:
    assert len(outside(text)) == 1


def test_every_page_forbids_the_browser_to_load_from_another_host(web: Web) -> None:
    for address in ("/login", "/nothing"):
        headers = web.browser().get(address).headers
        assert "default-src 'self';" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"


def uncommented(sample: str) -> Any:
    """Read the sample with every line that shows a setting made a setting."""
    shows = re.compile(r"^( *)#( *(?:- )?(?:NAME|[a-z_0-9]+):)")
    return yaml.safe_load("\n".join(shows.sub(r"\1\2", s) for s in sample.splitlines()))


def paths(tree: Any, prefix: str = "") -> Iterator[str]:
    """Yield the dotted path of every key, as the reference writes it."""
    for name, value in tree.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and "NAME" in value:
            yield path
        if isinstance(value, dict) and value:
            yield from paths(value, f"{path}.")
        else:
            yield path
        for entry in value if isinstance(value, list) else ():
            if isinstance(entry, dict):
                yield from paths(entry, f"{path}[].")


def test_the_sample_is_what_the_settings_say() -> None:
    text = (ROOT / "config/mvsnap.sample.yaml").read_text(encoding="utf-8")
    assert text == reference.sample()


def test_the_sample_as_it_is_changes_nothing() -> None:
    tree = yaml.safe_load(reference.sample())
    # Headings of sections, and nothing below them.
    inner = {
        *("sense.noise", "server.tls", "storage.s3", "scanning.correlation"),
        *("login.second_factor", "login.oidc.roles"),
        *("webex.commands", "webex.group", "webex.escalation"),
    }
    assert set(paths(tree)) <= set(tree) | inner
    assert tree["sense"] == {"noise": None}
    assert tree["server"] == {"tls": None}
    assert tree["storage"] == {"s3": None}


def test_every_line_of_the_sample_uncommented_is_a_known_setting() -> None:
    known = [row.path for row in reference.rows()]
    assert list(paths(uncommented(reference.sample()))) == known


def test_control_a_wrong_line_of_the_sample_is_found() -> None:
    sample = reference.sample().replace("#port:", "#prot:")
    assert "server.prot" in set(paths(uncommented(sample)))


def test_the_page_of_settings_is_what_the_settings_say() -> None:
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert text == reference.page()


def test_the_page_of_settings_holds_every_setting_once() -> None:
    shown = re.findall(r"^\| `([^`]+)` \|", reference.page(), re.MULTILINE)
    assert sorted(shown) == sorted(row.path for row in reference.rows())


MODULES = sorted((ROOT / "mvsnap").rglob("*.py"))
LONGEST_FUNCTION = 60
LONGEST_MODULE = 400


@lru_cache(1)  # of the module that is looked at
def nodes(text: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(text)))


@lru_cache(1)
def called(text: str) -> list[str]:
    return [ast.unparse(n.func) for n in nodes(text) if isinstance(n, ast.Call)]


def long_functions(text: str) -> list[str]:
    return [
        f"{node.name}: {(node.end_lineno or 0) - node.lineno + 1} lines"
        for node in nodes(text)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]


def bad_calls(text: str) -> list[str]:
    """Return calls of print and of time.sleep, under whatever name it was imported."""
    found = [name for name in called(text) if name in {"print", "time.sleep"}]
    return found + [
        "from time import sleep"
        for node in nodes(text)
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        if any(alias.name == "sleep" for alias in node.names)
    ]


# What is easily done in part, and then fails in a power cut, a crash or a shutdown.
HOMES = {
    "fcntl.flock": {"file_lock.py"},
    "os.fsync": {"durable_file.py", "file_lock.py"},
    # What comes back again and again is a Loop. The others do one thing and end, wait
    # for the bytes of one connection, or belong to the recorder and the demo.
    "threading.Thread": {
        "loop.py",
        "photographer.py",
        *("serving/run.py", "serving/waiting.py", "store/postgresql.py"),
        *("cli/demo_phones.py", "cli/demo_world.py"),
        *("jobs/clip_worker.py", "sense/receiver.py", "web/accounts.py"),
        "bot/loop.py",
        *("recorder/clip_frames.py", "recorder/connection.py", "recorder/probing.py"),
        *("recorder/recorder.py", "recorder/ring.py"),
    },
}


def calls_away_from_home(module: str, text: str) -> list[str]:
    """module: its path below mvsnap/."""
    homes = ((name, HOMES.get(name, {module})) for name in called(text))
    return [name for name, home in homes if module not in home]


# What a field of a dataclass can say, and that of a Struct cannot.
OF_A_DATACLASS = {"repr", "compare", "init"}


def wrong_values(text: str) -> list[str]:
    """Return frozen dataclasses that could be Structs, and Structs with their fields.

    Of a dataclass, `replace` and `asdict` fail with a Struct, and mypy does not see it.
    """
    found = []
    from_dataclasses = set()
    for node in nodes(text):
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses":
            from_dataclasses |= {alias.name for alias in node.names}
        if not isinstance(node, ast.ClassDef):
            continue
        fields = [
            one.value
            for one in node.body
            if isinstance(one, ast.AnnAssign) and isinstance(one.value, ast.Call)
            if ast.unparse(one.value.func) == "field"
        ]
        said = {keyword.arg for field in fields for keyword in field.keywords}
        decorators = " ".join(ast.unparse(one) for one in node.decorator_list)
        if "dataclass(frozen=True" in decorators:
            found += [] if said & OF_A_DATACLASS else [node.name]
        elif fields and not decorators and "field" in from_dataclasses:
            found += [f"{node.name}: field"]
    return found + sorted(from_dataclasses - {"dataclass", "field"})


def faults(path: Path) -> list[str]:
    """Return what is wrong with a module; the simulators may print and sleep."""
    module = path.relative_to(ROOT / "mvsnap").as_posix()
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    found = [f"{lines} lines"] if lines > LONGEST_MODULE else []
    found += long_functions(text) + (
        [] if module == "values.py" else wrong_values(text)
    )
    if module.startswith("simulator/"):
        return found
    return found + bad_calls(text) + calls_away_from_home(module, text)


def test_no_module_breaks_a_rule() -> None:
    """One test: as 1,700 of their own they took longer to begin than to look."""
    assert {path: found for path in MODULES if (found := faults(path))} == {}


@pytest.mark.parametrize(
    "text", ["fcntl.flock(f, 2)", "os.fsync(f)", "threading.Thread(target=f).start()"]
)
def test_control_a_call_away_from_home_is_found(text: str) -> None:
    assert len(calls_away_from_home("store/new.py", text)) == 1


@pytest.mark.parametrize(
    "text",
    ["print('x')", "import time\ntime.sleep(1)", "from time import sleep"],
)
def test_control_a_bad_call_is_found(text: str) -> None:
    assert len(bad_calls(text)) == 1


def test_control_a_long_function_is_found() -> None:
    lines = ["    pass"] * LONGEST_FUNCTION
    assert long_functions("def f():\n" + "\n".join(lines)) == ["f: 61 lines"]
    assert long_functions("def f():\n" + "\n".join(lines[1:])) == []


@pytest.mark.parametrize(
    "text",
    [
        "@dataclass(frozen=True, slots=True)\nclass A:\n    name: str",
        "from dataclasses import field\n"
        "class A(Struct, frozen=True):\n    names: list[str] = field()",
        "from dataclasses import replace",
    ],
)
def test_control_a_wrong_value_is_found(text: str) -> None:
    assert len(wrong_values(text)) == 1


def test_the_order_of_the_tests_names_what_is_there() -> None:
    named = (*LONG, *WATCHED_BY_THE_CLOCK)
    assert [name for name in named if not list(ROOT.glob(f"{name}*"))] == []


def test_modules_that_wait_begin_among_those_that_compute() -> None:
    short = [f"tests/test_{number}.py" for number in range(100)]
    order = in_turns([*LONG, *short])
    assert sorted(order) == sorted([*LONG, *short])
    assert [m for m in order if m in LONG] == sorted(LONG, key=lambda m: (-LONG[m], m))
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    sums = [sum(LONG.get(module, 0) for module in half) for half in halves]
    assert sums[1] > sum(sums) / 5, "not all long ones at the beginning"
    assert in_turns(short) == sorted(short)
