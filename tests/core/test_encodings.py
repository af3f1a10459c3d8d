"""Which encoding a text has, and when nobody can know."""

from __future__ import annotations

import pytest

from mvsnap.core.encodings import check_encoding, encoding_of
from mvsnap.errors import BadInput

SURE = [
    ("Tür", "cp1252"),
    ("Außentor, Empfang Büro", "cp1252"),
    ("Salle de réunion", "cp1252"),
    ("Drzwi główne", "cp1250"),
    ("Проходная", "cp1251"),
    ("Είσοδος Κύρια πύλη", "cp1253"),
    ("الباب الرئيسي", "cp1256"),
    ("Änne Ärzte", "cp1252"),
    ("大門", "big5"),
    ("Главный вход", "cp866"),
    ("Entrée", "mac_roman"),
]


def of(content: bytes) -> str:
    return encoding_of([content], option="--this")


@pytest.mark.parametrize(("text", "encoding"), SURE)
def test_it_is_known_if_words_look_like_words_in_one_way_alone(
    text: str, encoding: str
) -> None:
    content = f"badge,door\n1,{text}\n".encode(encoding)
    assert content.decode(of(content)) == f"badge,door\n1,{text}\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *[("Wejście", "cp1250"), ("Вход", "cp1251"), ("Вход", "iso8859_5")],
        *[("Tür", "cp850"), ("Tür", "mac_roman"), ("Señal", "cp1252")],
        *[("正門", "cp932"), ("正门", "gb18030"), ("正門", "gb18030")],
        *[("정문", "cp949"), ("Giriş", "cp1254"), ("כניסה", "cp1255")],
        *[("ทางเข้า", "cp874"), ("Вхід", "koi8_u"), ("ēka", "cp1257")],
    ],
)
def test_otherwise_it_is_asked_for_and_the_right_reading_is_shown(
    text: str, encoding: str
) -> None:
    content = f"badge,door\n1,{text}\n".encode(encoding)
    with pytest.raises(BadInput) as caught:
        of(content)
    said = caught.value.message
    assert said.startswith("the encoding cannot be known: say which with --this (")
    assert text in said
    assert encoding_of([content], encoding) == encoding


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"]
)
def test_unicode_shows_itself_in_pieces_of_any_size(encoding: str) -> None:
    content = "badge,door\n1,Tür 正門\n".encode(encoding)
    for size in (7, 1000):
        chunks = [content[n : n + size] for n in range(0, len(content), size)]
        assert "Tür 正門" in content.decode(encoding_of(chunks))


def test_a_mark_wins_over_what_was_given_and_that_over_a_guess() -> None:
    assert encoding_of(["Tür".encode("utf-8-sig")], "cp1252") == "utf-8-sig"
    assert encoding_of(["Tür".encode()], "cp1252") == "cp1252"


def test_text_cut_within_a_character_is_no_utf_8() -> None:
    with pytest.raises(BadInput):
        of("1,Tü".encode()[:-1])


@pytest.mark.parametrize("start", [b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")])
def test_a_workbook_is_named(start: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        encoding_of([start + bytes(100)], "cp1252")
    assert caught.value.message.startswith("an Excel workbook")


def test_bytes_that_are_no_text_are_asked_about() -> None:
    with pytest.raises(BadInput) as caught:
        of(bytes(range(128, 256)) * 10)
    assert "no usual encoding fits" in caught.value.message


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        *[("cp1251", "cp1251"), (" Windows-1251", "cp1251"), ("UTF8", "utf-8")],
        *[("Shift_JIS", "cp932"), ("GBK", "gb18030"), ("latin-1", "cp1252")],
    ],
)
def test_an_encoding_has_many_names(name: str, ours: str) -> None:
    assert check_encoding(name) == ours


@pytest.mark.parametrize("name", ["", "excel", "rot13", "idna", "utf-7", "a\0b"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_encoding(name)
    assert "is unknown (expected one like cp1252" in caught.value.message
