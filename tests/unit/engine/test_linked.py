"""Links by M3's keys: each is asked for once, those of many rows together."""

from __future__ import annotations

from m3nop.core.records import Link
from m3nop.engine.linked import ByM3, Gathered

LINKS = [
    Link("customers", "11", "11", "W1", 1),
    Link("customers", "12", "12", "W1", 1),
    Link("customers", "13", "13", "W2", 1),
]


class Table:
    """The links of a state, and what it was asked for."""

    def __init__(self) -> None:
        self.asked = []

    def find(self, pipeline, m3):
        self.asked.append((pipeline, list(m3)))
        return [link for link in LINKS if link.pipeline == pipeline and link.m3 in m3]


def test_each_key_is_asked_for_once_and_of_several_links_the_first_by_key_counts():
    table = Table()
    links = ByM3(table.find)

    first = {"key": "11", "shop": "11", "m3": "W1"}
    assert [links("customers", "W1"), links("customers", "W1"), links("customers", "W9")] == [
        first,
        first,
        None,
    ]
    assert links("customers", "") is None
    assert table.asked == [("customers", ["W1"]), ("customers", ["W9"])]


def test_the_links_of_many_rows_are_one_look_up():
    table = Table()
    links = Gathered(table.find)

    def judge():
        return [(links("customers", m3) or {}).get("shop") for m3 in ("W1", "W2", "W1", "W9", "")]

    assert judge() == [None] * 5
    assert links.ask()
    assert judge() == ["11", "13", "11", None, None]
    assert not links.ask()
    assert table.asked == [("customers", ["W1", "W2", "W9"])]


def test_a_key_that_follows_from_a_link_is_asked_for_in_the_next_round():
    table = Table()
    links = Gathered(table.find)

    def judge():
        linked = links("customers", "W1")
        return linked and links("orders", linked["shop"])

    rounds = 0
    while judge() is not None or links.ask():
        rounds += 1

    assert (rounds, table.asked) == (2, [("customers", ["W1"]), ("orders", ["11"])])
