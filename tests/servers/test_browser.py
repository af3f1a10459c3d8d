from pathlib import Path

from PIL import Image

from tests.servers.browser import dump_dom, screenshot
from tests.servers.visitor import PHONE, fits, visitor

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


def test_a_page_is_measured_when_it_is_all_there(tmp_path: Path) -> None:
    wide, left = tmp_path / "wide.html", tmp_path / "left.html"
    wide.write_text("<!doctype html><title>x</title><p style='width: 900px'>x")
    left.write_text(f"{PAGE}<script>location = '{wide.as_uri()}'</script>")
    with visitor(PHONE) as page:
        page.goto(left.as_uri(), wait_until="commit")
        page.wait_for_url(wide.as_uri(), wait_until="commit")
        assert not fits(page)
    with visitor() as page:
        page.goto(wide.as_uri(), wait_until="commit")
        assert fits(page)
