"""Directories in CSV and JSON, and the address of a person's page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mvsnap.badges import directory
from mvsnap.badges.directory import Cardholder, frame_address, frame_origin
from mvsnap.errors import BadInput

ANNA = Cardholder("4711", "Anna Berg", "Sales", "https://photos.example/4711.jpg")
PLAIN = {"id": "4711", "name": ANNA.name, "department": "Sales", "photo": ANNA.photo}


def test_a_csv_file_has_its_usual_headings() -> None:
    lines = [
        "Personnel number;Full name;Abteilung;Photo URL\n",
        "4711;Anna Berg;Sales;https://photos.example/4711.jpg\n",
        "8;;Nobody;\n",
    ]
    found = directory.read_csv(lines)
    assert found.people == (ANNA,)
    assert (found.mistakes, found.first) == (
        1,
        "line 3: name: missing (expected text)",
    )


def test_a_directory_from_excel_keeps_whole_numbers_and_leaves_out_cut_ones() -> None:
    lines = [
        *("People\n", "\n", "Badge^Name\n", '="0815"^Anna\n', "'0816^Bert\n"),
        *("8.96529E+15^Carl\n", "8965290000000120^Dora\n", "17.0^Emil\n"),
    ]
    found = directory.read_csv(lines)
    assert [person.user_id for person in found.people] == ["0815", "0816", "17"]
    assert found.mistakes == 2
    assert found.first.startswith("line 6: user_id: '8.96529E+15' (Excel has cut")
    whole = directory.read_csv([*lines, "8965290000000123^Fred\n"])
    assert "8965290000000120" in {person.user_id for person in whole.people}


@pytest.mark.parametrize(
    "content",
    [
        [PLAIN],
        {"people": [PLAIN], "total": 1},
        {"4711": {"name": ANNA.name, "team": "Sales", "image": ANNA.photo}},
        [
            {
                "badgeId": 4711,
                "displayName": "Anna Berg",
                "unit": "Sales",
                "photoUrl": ANNA.photo,
            }
        ],
    ],
    ids=["a list", "a list in an object", "by user id", "other names"],
)
def test_json_comes_in_many_shapes(content: Any) -> None:
    assert directory.read_json(json.dumps(content)).people == (ANNA,)


@pytest.mark.parametrize("text", ["", "{", "3", '"x"', "[" * 100_000])
def test_an_invalid_directory_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        directory.read_json(text)


def test_entries_that_cannot_be_used_are_counted_and_the_first_is_named() -> None:
    content = [3, PLAIN, {"id": "1", "name": ["x"]}, {"id": "2", "name": "a\0"}]
    found = directory.read_json(json.dumps(content))
    assert found.people == (ANNA,)
    assert (found.mistakes, found.first) == (3, "[0]: not an object")


@pytest.mark.parametrize(
    ("user_id", "address"),
    [
        ("4711", "https://d.example/people?id=4711&x=1"),
        ("a/b&c#d?", "https://d.example/people?id=a%2Fb%26c%23d%3F&x=1"),
        ("Tür", "https://d.example/people?id=T%C3%BCr&x=1"),
        ("{user_id}", "https://d.example/people?id=%7Buser_id%7D&x=1"),
        ("..", None),
    ],
)
def test_a_user_id_cannot_leave_its_place_in_the_address(
    user_id: str, address: str | None
) -> None:
    template = "https://d.example/people?id={user_id}&x=1"
    assert frame_address(template, user_id) == address
    assert frame_origin(template) == "https://d.example"
