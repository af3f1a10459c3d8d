"""Pictures for docs/languages.md: a message of every kind in each channel and language.

python -m tests.texts.pictures_of_messages draws docs/messages-LANGUAGE.png anew.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment
from markdown import markdown  # type: ignore[import-untyped]
from markupsafe import Markup
from PIL import Image

from mvsnap import texts
from tests.servers.mail import text_of
from tests.servers.visitor import closed_chromium, visitor
from tests.texts.shown_messages import Shown, shown

if TYPE_CHECKING:
    from playwright.sync_api import Page

DOCS = Path(__file__).parents[2] / "docs"
WIDTH = 1360
COLOURS = 64  # few enough for its size, and nobody sees it
# Of these pictures alone, so not in the catalogue.
TITLES: Mapping[str, Mapping[str, str]] = {
    "de": {
        "Snapshot": "Schnappschuss",
        "Crowd": "Ansammlung",
        "Crowd over": "Ansammlung vorbei",
        "Alarm of a machine": "Alarm einer Maschine",
        "Clip": "Clip",
        "Badge mismatch": "Ausweis-Abweichung",
        "In trouble": "Störung",
        "Over": "Störung behoben",
        "Visitor report": "Besucherbericht",
        "Late": "Verspätet",
        "Repeated": "Wiederholt",
        "No picture yet": "Noch kein Bild",
        "e-mail, by Apprise": "E-Mail, über Apprise",
        "webhook, without empty fields": "Webhook, ohne leere Felder",
    }
}
PAGE = """<!doctype html><html><meta charset="utf-8"><style>
body { font: 15px/1.4 sans-serif; margin: 16px; color: #1c1e21; background: #fff }
table { border-collapse: collapse; width: 100%; table-layout: fixed }
th { text-align: left; padding: 6px 10px; border-bottom: 2px solid #888 }
td { vertical-align: top; padding: 10px; border-bottom: 1px solid #ccc }
td, p, li, pre { overflow-wrap: anywhere }
.name { width: 124px; font-weight: bold; overflow-wrap: normal }
.program { width: 500px }
.box { border: 1px solid #d0d3d8; border-radius: 8px; padding: 8px 12px;
  margin: 0 0 8px }
.bot { color: #5a6069; font-size: 13px; margin-bottom: 4px }
.card { background: #f2f4f7 }
p { margin: 0 0 4px } ul { margin: 2px 0 4px; padding-left: 20px }
img { width: 208px; display: block; margin: 6px 0 2px; border-radius: 4px }
.button { display: inline-block; border: 1px solid #6b7280; border-radius: 14px;
  padding: 2px 10px; margin: 3px 3px 0 0; font-size: 13px; background: #fff }
.positive { border-color: #177245; color: #177245 }
pre { font: 11.5px/1.35 monospace; white-space: pre-wrap; margin: 0 }
.file { color: #5a6069; font-size: 13px; margin-top: 4px } a { color: #0b57d0 }
</style><table><tr><th class="name"></th><th>Webex</th><th>{{ t("e-mail, by Apprise") }}
</th><th class="program">{{ t("webhook, without empty fields") }}</th></tr>
{% for one in shown %}<tr><td class="name">{{ t(one.name) }}</td>
<td>{% if one.markdown %}<div class="box"><div class="bot">mvsnap</div>
{{ html(one.markdown) }}
{% if one.has_picture %}<img src="{{ picture }}">{% endif %}</div>{% endif %}
{% if one.buttons %}<div class="box card">
{% for part in one.buttons.body %}
{% if part.type == "TextBlock" %}{{ html(part.text) }}{% else %}<div>
{% for action in part.actions %}
<span class="button">{{ action.title }}</span>{% endfor %}
</div>{% endif %}{% endfor %}
<div>{% for action in one.buttons.actions %}
<span class="button {{ action.style }}">{{ action.title }}</span>{% endfor %}</div>
</div>{% endif %}</td>
<td><div class="box"><div class="bot">{{ one.mail["From"] }}</div>
<p><b>{{ one.mail["Subject"] }}</b></p>
{% for line in body(one).splitlines() %}<p>{{ line }}</p>{% endfor %}
{% for name in files(one) %}<img src="{{ picture }}"><div class="file">{{ name }}</div>
{% endfor %}</div></td>
<td><pre>{{ json(one.posted) }}</pre></td></tr>{% endfor %}</table></html>"""


def page_of(found: list[Shown], picture: bytes) -> str:
    """Return the messages as a page, in the language that is in use."""
    environment = Environment(autoescape=True)
    words = TITLES.get(texts.locale(), {})
    data = base64.b64encode(picture).decode()
    return environment.from_string(PAGE).render(
        shown=found,
        picture=f"data:image/jpeg;base64,{data}",
        t=lambda text: words.get(text, text[:1].upper() + text[1:]),
        html=_html,
        body=lambda one: text_of(one.mail).strip(),
        files=lambda one: [part.get_filename() for part in one.mail.iter_attachments()],
        json=_json,
    )


def _html(text: str) -> Markup:
    # As Webex shows it: lists need no empty line before them.
    lines = text.replace("\n- ", "\n\n- ", 1)
    return Markup(markdown(lines))  # noqa: S704 - a picture of our own examples


def _json(posted: Mapping[str, Any]) -> str:
    """Return it with a line for each field of the message."""
    lines = [f' "{k}": {_short(v)},' for k, v in posted.items() if k != "data"]
    data = [f'  "{k}": {_short(v)}' for k, v in posted["data"].items()]
    inside = ",\n".join(data)
    return "\n".join(["{", *lines, ' "data": {', inside, " }", "}"])


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def pages(folder: Path) -> dict[str, str]:
    """Return the page of each language."""
    made = {}
    for locale in texts.LOCALES:
        texts.use(locale)
        found = list(shown(folder))
        made[locale] = page_of(found, (folder / "snapshot.jpg").read_bytes())
    return made


def draw(page: Page, html: str) -> bytes:
    page.set_content(html, wait_until="load")
    with Image.open(io.BytesIO(page.screenshot(full_page=True))) as seen:
        out = io.BytesIO()
        seen.convert("RGB").quantize(COLOURS).save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = pages(Path(folder))
    with closed_chromium(), visitor((WIDTH, 800)) as page:
        for locale, html in made.items():
            path = DOCS / f"messages-{locale}.png"
            path.write_bytes(draw(page, html))
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
