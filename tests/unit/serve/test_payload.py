"""What a message says: which events, of which records; and messages that say nothing."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3nop.core import json
from m3nop.mapping.expressions import compile_expression
from m3nop.serve.payload import Malformed, Places, events, parse

if TYPE_CHECKING:
    from m3nop.core.inbox import Message

FLAT = Places(compile_expression("body.event"), compile_expression("body.order_id"))
MANY = Places(
    compile_expression("item.Action"), compile_expression("item.Item.id"), compile_expression("body.Id"),
    compile_expression("body.Notifications"),
)  # fmt: skip


def read(body: object, places: Places = FLAT, **headers: str) -> list[Message]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return events(places, raw, headers, source="shop", now=0)


def test_topic_and_key_are_where_the_source_says() -> None:
    (found,) = read({"event": "order.placed", "order_id": 1042})
    assert (found.source, found.topic, found.key, found.part) == ("shop", "order.placed", "1042", 0)
    assert found.message == found.digest


def test_the_same_body_is_the_same_message_where_there_is_no_id() -> None:
    one, same, other = (read({"event": "e", "order_id": number})[0] for number in (1, 1, 2))
    assert one == same
    assert one.message != other.message


def test_a_message_can_hold_several_events() -> None:
    notifications = [
        {"Action": "orders/create", "Item": {"id": 7}},
        {"Action": "orders/update", "Item": {"id": 7}},
    ]
    found = read({"Id": "w1", "Attempt": 2, "Notifications": notifications}, MANY)
    assert [(one.message, one.part, one.topic, one.key) for one in found] == [
        ("w1", 0, "orders/create", "7"), ("w1", 1, "orders/update", "7"),
    ]  # fmt: skip


def test_an_id_can_come_from_a_header() -> None:
    places = Places(compile_expression("body.type"), id=compile_expression('headers."webhook-id"'))
    (found,) = events(places, b'{"type": "stock.changed"}', {"webhook-id": "msg_9"}, source="shop", now=0)
    assert (found.message, found.key) == ("msg_9", "")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff\xfe{}", b"[]", b"null", b'"order.placed"', b'{"event": NaN}', {"event": ""}, {"event": None},
        {"event": {"a": 1}}, {"event": True}, {"event": "e", "order_id": 1.5}, {"event": "e", "order_id": [1]},
        {"event": "e" * 201}, {"event": "e", "order_id": "9" * 201}, {"event": "e\x00", "order_id": 1},
        {"event": "e", "order_id": "1\n2"}, b'{"event": "e", "order_id": 1e99999999999999999999999999999999999999}',
        b'{"event": "e", "n": ' + b"9" * 5000 + b"}", {"order_id": 5},
    ],
)  # fmt: skip
def test_a_message_that_cannot_be_read_is_malformed(body: object) -> None:
    with pytest.raises(Malformed):
        read(body)


def test_a_message_that_is_nested_too_deeply_or_holds_too_much_is_malformed() -> None:
    assert parse(b"[" * 30 + b"]" * 30) is not None
    for body in (b"[" * 100 + b"]" * 100, b"[" * 100_000, b"[" + b"1," * 60_000 + b"1]"):
        with pytest.raises(Malformed):
            parse(body)


def test_what_would_become_very_many_objects_is_refused_before_they_are_made() -> None:
    body = b"[" + b"[]," * 1_000_000 + b"[]]"
    tracemalloc.start()
    with pytest.raises(Malformed):
        parse(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("notifications", [None, {}, "x", [{}] * 1001, [{}]])
def test_a_list_of_events_that_is_none_is_malformed(notifications: object) -> None:
    with pytest.raises(Malformed):
        read({"Id": "w1", "Notifications": notifications}, MANY)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_malformed(body: bytes) -> None:
    try:
        read(body)
    except Malformed:
        return
