from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mvsnap.config.load import load, readable_by_others
from mvsnap.config.model import Settings
from mvsnap.config.reference import rows, sample
from mvsnap.errors import BadConfig

SECRET = "a-secret-of-24-characters"
KEY = {"name": "button", "key": SECRET}


def written(folder: Path, tree: object) -> Path:
    path = folder / "mvsnap.yaml"
    text = tree if isinstance(tree, str) else yaml.safe_dump(tree)
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, tree: object = "", **environ: str) -> Settings:
    names = {f"MVSNAP_{name}": value for name, value in environ.items()}
    return load(written(folder, tree), names)


def mistakes(folder: Path, tree: object = "", **environ: str) -> list[str]:
    with pytest.raises(BadConfig) as caught:
        read(folder, tree, **environ)
    return caught.value.mistakes


def test_all_mistakes_are_reported_at_once_by_path(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        {
            "site": {"timezone": "Moon/Crater", "public_url": "gateway.local"},
            "server": {"port": 70000, "threads": "many"},
            "meraki": {"cameras": ["Q2XX-ABCD-1234", "camera 1"], "requests_per_s": 0},
            "schedules": [{"cron": "every day", "cameras": ["Q2XX-ABCD-1234"]}],
            "api_keys": [{"key": SECRET, "scopes": ["read", "write"]}],
            "storage": {"retention_days": 0},
        },
    )
    assert sorted(found) == [
        "api_keys.0.name: missing",
        "api_keys.0.scopes.1: expected 'snapshot', 'read', 'webhook',"
        " 'badges', 'mute' or 'review', got 'write'",
        "meraki.cameras.1: expected a Meraki serial like Q2XX-ABCD-1234, got"
        " 'camera 1'",
        "meraki.requests_per_s: expected greater than 0, got 0",
        "schedules.0.cron: expected five cron fields like '0 7 * * 1-5', got"
        " 'every day'",
        "server.port: expected less than or equal to 65535, got 70000",
        "server.threads: expected a valid integer, unable to parse string as"
        " an integer, got 'many'",
        "site.public_url: expected an address that starts with http:// or https://,"
        " got 'gateway.local'",
        "site.timezone: expected a time zone like Europe/Berlin, got 'Moon/Crater'",
        "storage.retention_days: expected greater than or equal to 1, got 0",
    ]


@pytest.mark.parametrize(
    ("tree", "mistake"),
    [
        pytest.param(
            {"api_keys": [{"name": "a", "key": "short-1"}]},
            "api_keys.0.key: expected at least 16 characters (8 of a key that is in"
            " use already), got (hidden)",
            id="a short key",
        ),
        pytest.param(
            {"meraki": {"api_key": ["too-short-1"]}},
            "meraki.api_key: expected a valid string, got (hidden)",
            id="a key that is a list",
        ),
        pytest.param(
            {"webex": {"bot_token": {"a": "too-short-1"}}},
            "webex.bot_token: expected a valid string, got (hidden)",
            id="a token that is a mapping",
        ),
        pytest.param(
            {"database_url": "mysql://me:too-short-1@host/db"},
            "database_url: expected postgresql+psycopg://USER:PASSWORD@HOST/NAME,"
            " got (hidden)",
            id="a database of another kind",
        ),
    ],
)
def test_a_mistake_never_shows_a_secret(
    tmp_path: Path, tree: object, mistake: str
) -> None:
    assert mistakes(tmp_path, tree) == [mistake]


@pytest.mark.parametrize(
    "tree",
    [
        pytest.param({"api_keys": ["too-short-1"]}, id="a key without its name"),
        pytest.param({"api_keys": "too-short-1"}, id="a key instead of the list"),
        pytest.param({"api_keys": {"name": "too-short-1"}}, id="no list"),
        pytest.param({"meraki": "too-short-1"}, id="a key instead of the section"),
        pytest.param({"meraki": {"key": "too-short-1"}}, id="a misspelt name"),
    ],
)
def test_a_secret_in_the_wrong_place_is_not_shown_either(
    tmp_path: Path, tree: object
) -> None:
    assert "too-short-1" not in "\n".join(mistakes(tmp_path, tree))


@pytest.mark.parametrize(
    ("tree", "mistake"),
    [
        pytest.param(
            {"meraki": {"apikey": "x"}},
            "meraki.apikey: no such setting; did you mean meraki.api_key?",
            id="in a section",
        ),
        pytest.param(
            {"merraki": {}},
            "merraki: no such setting; did you mean meraki?",
            id="a section",
        ),
        pytest.param(
            {"api_keys": [KEY | {"camera": []}]},
            "api_keys.0.camera: no such setting; did you mean api_keys.cameras?",
            id="in a list",
        ),
        pytest.param(
            {"recorder": {"pre_roll_s": 5}},
            "recorder.pre_roll_s: no such setting; did you mean"
            " recorder.cameras.NAME.pre_roll_s?",
            id="beside the cameras",
        ),
        pytest.param(
            {"zzzzzzzzzz": 1}, "zzzzzzzzzz: no such setting", id="nothing near"
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_one(
    tmp_path: Path, tree: object, mistake: str
) -> None:
    assert mistakes(tmp_path, tree) == [mistake]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        pytest.param(
            "site:\n  name: a\n bad: indent\n", "line 3", id="an indent that fits not"
        ),
        pytest.param("site: [1, 2\n", "line 2", id="a bracket left open"),
        pytest.param("site:\n\tname: a\n", "line 2", id="a tab"),
        pytest.param("- site\n", "expected sections", id="a list"),
        pytest.param("hello\n", "expected sections", id="a text"),
        pytest.param("site: \x00\n", "not YAML", id="a NUL"),
    ],
)
def test_an_invalid_settings_file_is_reported_with_its_path(
    tmp_path: Path, text: str, mistake: str
) -> None:
    (found,) = mistakes(tmp_path, text)
    assert mistake in found
    assert str(tmp_path / "mvsnap.yaml") in found


def test_a_file_in_another_encoding_is_a_mistake_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "mvsnap.yaml"
    path.write_bytes("site: {name: Empfang Süd}".encode("latin-1"))
    with pytest.raises(BadConfig, match="cannot be read"):
        load(path, {})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("# nothing\n", id="a comment"),
        pytest.param("site:\nserver:\nmeraki:\nwebex:\nstorage:\n", id="only sections"),
        pytest.param(sample(), id="the sample"),
    ],
)
def test_a_file_that_sets_nothing_gives_the_defaults(tmp_path: Path, text: str) -> None:
    expected = Settings().model_copy(update={"data_dir": tmp_path / "data"})
    assert read(tmp_path, text) == expected


@pytest.mark.parametrize("name", ["api_keys", "schedules", "database_url", "data_dir"])
def test_a_top_level_key_left_empty_means_its_default(
    tmp_path: Path, name: str
) -> None:
    expected = Settings().model_copy(update={"data_dir": tmp_path / "data"})
    assert read(tmp_path, f"{name}:\n") == expected


def test_a_section_that_stands_twice_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    (said,) = mistakes(tmp_path, "sense:\n  enabled: true\nsite: {}\nsense:\n")
    assert "line 4" in said
    assert "duplicate key `sense`" in said


def test_a_heading_below_a_section_may_stand_alone_too(tmp_path: Path) -> None:
    settings = read(tmp_path, "sense:\n  enabled: true\n  noise:\n")
    assert settings.sense.enabled
    assert settings.sense.noise.level_db is None


def test_a_missing_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "nothing.yaml", {}).server.port == 5004


@pytest.mark.parametrize(
    ("second", "what"),
    [
        pytest.param({"name": "button", "key": SECRET + "2"}, "name", id="name"),
        pytest.param({"name": "door", "key": SECRET}, "key", id="key"),
    ],
)
def test_two_keys_must_differ(
    tmp_path: Path, second: dict[str, str], what: str
) -> None:
    found = mistakes(tmp_path, {"api_keys": [KEY, second]})
    assert found == [f"api_keys: two entries have the same {what}"]


def test_a_schedule_needs_cameras_from_somewhere(tmp_path: Path) -> None:
    schedules = [{"cron": "0 7 * * 1-5"}]
    assert mistakes(tmp_path, {"schedules": schedules}) == [
        "schedules.0.cameras: none given and meraki.cameras is empty"
    ]
    meraki = {"cameras": ["q2xx-abcd-1234"]}
    settings = read(tmp_path, {"schedules": schedules, "meraki": meraki})
    assert settings.meraki.cameras == ("Q2XX-ABCD-1234",)


def test_an_id_may_be_written_without_quotes(tmp_path: Path) -> None:
    settings = read(tmp_path, "meraki: {organization_id: 707512}\nsite: {name: 7}\n")
    assert settings.meraki.organization_id == "707512"
    assert settings.site.name == "7"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        {"server": {"port": 1, "host": "::1"}, "api_keys": [KEY]},
        SERVER__PORT="8080",
        MERAKI__API_KEY="from the environment ",
        MERAKI__CAMERAS='["Q2XX-ABCD-1234", "Q2XX-ABCD-5678"]',
        API_KEYS__0__KEY="another-secret-of-24-chars",
        API_KEYS__1__NAME="door",
        API_KEYS__1__KEY="a-third-secret-of-24-chars",
    )
    assert (settings.server.host, settings.server.port) == ("::1", 8080)
    assert settings.meraki.api_key is not None
    assert settings.meraki.api_key.get_secret_value() == "from the environment"
    assert settings.meraki.cameras == ("Q2XX-ABCD-1234", "Q2XX-ABCD-5678")
    assert [(key.name, key.key.get_secret_value()) for key in settings.api_keys] == [
        ("button", "another-secret-of-24-chars"),
        ("door", "a-third-secret-of-24-chars"),
    ]


def test_a_list_can_be_made_by_the_environment_alone(tmp_path: Path) -> None:
    settings = read(tmp_path, API_KEYS__0__NAME="door", API_KEYS__0__KEY=SECRET)
    assert [key.name for key in settings.api_keys] == ["door"]


def test_items_of_a_list_of_texts_can_be_set_one_by_one(tmp_path: Path) -> None:
    settings = read(tmp_path, MERAKI__CAMERAS__0="Q2XX-ABCD-1234")
    assert settings.meraki.cameras == ("Q2XX-ABCD-1234",)


def test_a_file_named_by_the_environment_holds_the_value(tmp_path: Path) -> None:
    secret, url = tmp_path / "secret", tmp_path / "url"
    secret.write_text(f"{SECRET}\n")
    url.write_text("sqlite:///x.db")
    settings = read(
        tmp_path,
        {"api_keys": [{"name": "button", "key": "the-one-of-the-file"}]},
        MERAKI__API_KEY_FILE=str(secret),
        DATABASE_URL_FILE=str(url),
        API_KEYS__0__KEY_FILE=str(secret),
    )
    assert settings.secrets() == [SECRET, "sqlite:///x.db", SECRET]


@pytest.mark.parametrize(
    ("name", "value", "mistake"),
    [
        pytest.param(
            "MERAKI__API_KEY_FILE",
            "/nothing/there",
            "MVSNAP_MERAKI__API_KEY_FILE: no readable file at '/nothing/there'",
            id="a missing file",
        ),
        pytest.param(
            "SERVER__PROT",
            "1",
            "server.prot: no such setting; did you mean server.port?"
            " (from MVSNAP_SERVER__PROT)",
            id="an unknown setting",
        ),
        pytest.param(
            "SERVER__PORT__X",
            "1",
            "MVSNAP_SERVER__PORT__X: no such setting: server.port.x",
            id="below a value",
        ),
        pytest.param(
            "API_KEYS__5__KEY",
            SECRET,
            "MVSNAP_API_KEYS__5__KEY: no such setting: api_keys.5.key",
            id="an item too far",
        ),
        pytest.param(
            "SERVER__PORT",
            "eighty",
            "server.port: expected a valid integer, unable to parse string as"
            " an integer, got 'eighty' (from MVSNAP_SERVER__PORT)",
            id="no number",
        ),
    ],
)
def test_a_mistake_in_the_environment_is_reported(
    tmp_path: Path, name: str, value: str, mistake: str
) -> None:
    assert mistakes(tmp_path, {"server": {"port": 1}}, **{name: value}) == [mistake]


def test_a_broken_list_in_the_environment_is_a_mistake_not_a_crash(
    tmp_path: Path,
) -> None:
    (found,) = mistakes(tmp_path, MERAKI__CAMERAS='["Q2XX-ABCD-1234"')
    assert "MVSNAP_MERAKI__CAMERAS" in found


@pytest.mark.parametrize("first", ["[", "{"])
def test_a_secret_from_the_environment_may_begin_with_a_bracket(
    tmp_path: Path, first: str
) -> None:
    key = f"{first}secret-with-a-bracket"
    settings = read(tmp_path, MERAKI__API_KEY=key)
    assert settings.secrets() == [key]


def test_variables_of_the_init_script_are_left_alone(tmp_path: Path) -> None:
    assert read(tmp_path, HOME="/srv", CONFIG="x", USER="me").server.port == 5004


@pytest.mark.parametrize(
    ("place", "data_dir", "expected"),
    [
        pytest.param("config/mvsnap.yaml", "./data", "data", id="beside config/"),
        pytest.param("mvsnap.yaml", "./data", "data", id="beside the file"),
        pytest.param("etc/mvsnap.yaml", "../var", "var", id="one up"),
        pytest.param("config/mvsnap.yaml", "/srv/data", "/srv/data", id="absolute"),
    ],
)
def test_a_relative_data_dir_does_not_depend_on_the_working_directory(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    data_dir: str,
    expected: str,
) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"data_dir: {data_dir}\n")
    monkeypatch.chdir(tmp_path)
    assert load(Path(place), {}).data_dir.resolve() == tmp_path / expected
    monkeypatch.chdir("/")
    assert load(path, {}).data_dir.resolve() == tmp_path / expected


@pytest.mark.parametrize(
    ("mode", "readable"),
    [(0o600, False), (0o640, True), (0o604, True), (0o660, True)],
    ids=["0600", "0640", "0604", "0660"],
)
def test_a_file_others_can_read_is_noticed(
    tmp_path: Path, mode: int, readable: bool
) -> None:
    path = written(tmp_path, "")
    path.chmod(mode)
    assert readable_by_others(path) is readable


def test_a_missing_file_is_readable_by_nobody(tmp_path: Path) -> None:
    assert readable_by_others(tmp_path / "nothing") is False


def test_no_repr_shows_a_secret(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        {
            "api_keys": [KEY],
            "meraki": {"api_key": SECRET + "-m"},
            "webex": {"bot_token": SECRET + "-w"},
            "database_url": f"postgresql+psycopg://me:{SECRET}@host/db",
        },
    )
    shown: list[Any] = [settings, *settings.api_keys, settings.meraki, settings.webex]
    assert all(SECRET not in f"{thing!r} {thing}" for thing in shown)
    assert len(settings.secrets()) == 4


def test_the_reference_says_something_about_every_setting() -> None:
    assert [row.path for row in rows() if not row.meaning] == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("people: 3\n  people_to_end: 4", "must not be more than people"),
        (
            "people: 3\n  people_to_start: 1\n  people_to_end: 2",
            "must not be more than people_to_start",
        ),
        (
            "overrides: [{serial: Q2AB-CDEF-GHIJ, people: 2, people_to_end: 5}]",
            "must not be more than people",
        ),
    ],
)
def test_a_crowd_cannot_be_over_before_it_begins(
    tmp_path: Path, rule: str, said: str
) -> None:
    (line,) = mistakes(tmp_path, f"sense:\n  {rule}\n")
    assert line.startswith("sense")
    assert f"people_to_end: {said}" in line


def test_a_text_that_is_too_long_is_expected_to_be_shorter(tmp_path: Path) -> None:
    path = tmp_path / "mvsnap.yaml"
    path.write_text("api_keys: [{name: '', key: an-old-key-of-16-chars}]\n")
    with pytest.raises(BadConfig) as caught:
        load(path, {})
    assert "api_keys.0.name: expected at least 1 character, got ''" in str(caught.value)
