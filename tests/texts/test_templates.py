"""Guard: no text of a template is left in English."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.texts.left_out import left_out

TEMPLATES = Path(__file__).parents[2] / "templates"
# Folders and files whose texts are not marked yet. It only gets shorter.
OPEN: tuple[str, ...] = ()


def files() -> list[str]:
    found = (path for path in TEMPLATES.rglob("*.*") if path.is_file())
    return sorted(str(path.relative_to(TEMPLATES)) for path in found)


def is_open(name: str) -> bool:
    return name in OPEN or name.partition("/")[0] in OPEN


@pytest.mark.parametrize("name", [name for name in files() if not is_open(name)])
def test_every_text_is_marked(name: str) -> None:
    source = (TEMPLATES / name).read_text("utf-8")
    assert left_out(source, is_html=name.endswith(".html")) == []


def test_what_is_open_is_there() -> None:
    folders = {path.name for path in TEMPLATES.iterdir()}
    assert set(OPEN) <= {*files(), *folders}


@pytest.mark.parametrize(
    "source",
    [
        "<p>Crowds</p>",
        '<p title="Crowds">{{ x }}</p>',
        "<a {% if x %}aria-label='All of it'{% endif %}></a>",
        '{{ "Over" if x else y }}',
        "{% call row('Name', x) %}{% endcall %}",
        "{% trans %}x{% endtrans %} more",
        '{{ badge("waits for a camera") }}',
    ],
)
def test_control_a_text_is_found(source: str) -> None:
    assert left_out(source)


@pytest.mark.parametrize(
    "source",
    [
        '<p class="a b">{{ _("Crowds") }} {{ x }}</p>',
        '<p title="{{ _("Crowds") }}">12 MB</p>',
        "{% trans n=1 %}{{ n }} day{% pluralize %}{{ n }} days{% endtrans %}",
        "<code>recorder.cameras</code>",
        '{{ row("col-6 col-md", x) }}',
        "{# A remark #}",
    ],
)
def test_control_what_is_marked_is_not(source: str) -> None:
    assert left_out(source) == []
