"""Pages of a list: no row twice, none left out, whatever columns it is sorted by."""

from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, select

from mvsnap.store.paging import Order, Page, pages

ROWS = list(product((1, 2, 3), repeat=3))
TABLE = Table("rows", MetaData(), *(Column(name, Integer) for name in "abc"))
A, B, C = TABLE.c.a, TABLE.c.b, TABLE.c.c


@pytest.mark.parametrize("size", [1, 4, 26, 27, 28])
@pytest.mark.parametrize(
    ("order", "signs"),
    [
        pytest.param(Order(falling=(A, B, C)), (-1, -1, -1), id="falling"),
        pytest.param(Order(rising=(A, B, C)), (1, 1, 1), id="rising"),
        pytest.param(Order(falling=(A,), rising=(B, C)), (-1, 1, 1), id="mixed"),
    ],
)
def test_pages_are_the_whole_list(
    order: Order, signs: tuple[int, int, int], size: int
) -> None:
    engine = create_engine("sqlite://")
    TABLE.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(
            TABLE.insert(), [dict(zip("abc", row, strict=True)) for row in ROWS]
        )

        def read(after: tuple[int, ...] | None, limit: int) -> list[tuple[int, ...]]:
            query = select(TABLE).order_by(*order.by).limit(limit)
            if after is not None:
                query = query.where(order.behind(after))
            return [tuple(row) for row in connection.execute(query)]

        found = [row for page in pages(read, tuple, size=size) for row in page]
    expected = sorted(
        ROWS, key=lambda row: [n * sign for n, sign in zip(row, signs, strict=True)]
    )
    assert found == expected


@pytest.mark.parametrize(
    ("most", "sizes"),
    [(None, [4, 4, 2]), (10, [4, 4, 2]), (9, [4, 4, 1]), (8, [4, 4]), (0, [])],
)
def test_pages_end_where_it_was_enough(most: int | None, sizes: list[int]) -> None:
    def read(after: int | None, limit: int) -> list[int]:
        begin = 0 if after is None else after + 1
        return list(range(10))[begin : begin + limit]

    found = list(pages(read, int, most=most, size=4))
    assert [len(page) for page in found] == sizes


def test_a_page_knows_whether_there_is_another_one() -> None:
    assert Page.cut([1, 2, 3], 2) == Page([1, 2], has_more=True)
    assert Page.cut([1, 2, 3], 2).last == 2
    assert Page.cut([1, 2], 2).last is None
    assert Page.cut([], 2).last is None
