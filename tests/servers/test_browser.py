from pathlib import Path

from PIL import Image

from tests.servers.browser import dump_dom, screenshot

PAGE = """<!doctype html><title>x</title>
<style>body { margin: 0; background: #00ff00 }</style>
<p id="p">before</p>
<script>setTimeout(() => { p.textContent = "after" }, 500)</script>"""


def test_the_document_is_read_after_its_scripts(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(PAGE)
    assert '<p id="p">after</p>' in dump_dom(page.as_uri())


def test_a_picture_shows_the_page_in_the_size_asked_for(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(PAGE)
    screenshot(page.as_uri(), tmp_path / "page.png", width=600, height=400)
    with Image.open(tmp_path / "page.png") as picture:
        assert picture.size == (600, 400)
        assert picture.convert("RGB").getpixel((590, 390)) == (0, 255, 0)
