"""Reads which events a message holds: topic, record and the sender's id, where its source says they are."""

from __future__ import annotations

import hashlib
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core import json
from m3nop.core.inbox import Message
from m3nop.mapping.context import Context
from m3nop.mapping.errors import EvaluationError
from m3nop.serve.counting import holds_at_most

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.clock import Instant
    from m3nop.core.json import Json
    from m3nop.mapping.expressions import Expression

_LONGEST = 200
"""Characters of a topic, a key or an id."""
_DEEPEST = 32
_MOST_NODES = 50_000
_MOST_EVENTS = 1_000
_LONGEST_NUMBER = 40


class Malformed(Exception):  # noqa: N818 - the name says what it is to its callers
    """A message from its sender that cannot be read."""


class Places(Struct, frozen=True):
    """Where in a message the facts are. Roots are ``body``, ``headers`` and, with ``each``, ``item``."""

    topic: Expression
    key: Expression | None = None
    id: Expression | None = None
    """Without it the same body is the same message."""
    each: Expression | None = None
    """The list of events, where a message holds several."""


def events(
    places: Places, body: bytes, headers: Mapping[str, str], *, source: str, now: Instant
) -> list[Message]:
    """Return the events of a message.

    Raises:
        Malformed: it is no JSON, too deep or too large, or the facts are not where they should be.
    """
    root: dict[str, Json] = {"body": parse(body), "headers": dict(headers)}
    context, digest = Context(now=now, time_zone="UTC"), hashlib.sha256(body).hexdigest()
    try:
        items = places.each.evaluate(root, context) if places.each else [None]
        if not isinstance(items, list) or len(items) > _MOST_EVENTS:
            raise Malformed("the events are no list, or too many")
        number = _text(places.id.evaluate(root, context), "id") if places.id else digest
        return [
            Message(
                source, number, _text(places.topic.evaluate({**root, "item": item}, context), "topic"),
                _key(places.key, {**root, "item": item}, context), part, digest,
            )
            for part, item in enumerate(items)
        ]  # fmt: skip
    except EvaluationError as error:
        raise Malformed(str(error)) from error


def parse(body: bytes) -> Json:
    """Parse JSON from outside.

    Raises:
        Malformed: it is none, or deeper or larger than any message should be.
    """
    if not holds_at_most(body, _MOST_NODES):
        raise Malformed("it holds too much")
    try:
        value = json.loads(body.decode("utf-8"), number=_number)
    except (ValueError, RecursionError) as error:
        raise Malformed("it is no JSON in UTF-8") from error
    _check_depth(value)
    return value


def _number(text: str) -> Decimal:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("the number is too long")
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError("it is no number") from error


def _check_depth(value: Json) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        inner: list[Json] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend(one.values())
            elif isinstance(one, list):
                inner.extend(one)
        if not inner:
            return
        level = inner
    raise Malformed("it is nested too deeply")


def _key(place: Expression | None, root: Mapping[str, Json], context: Context) -> str:
    value = place.evaluate(root, context) if place is not None else None
    return "" if value is None else _text(value, "key")


def _text(value: Json, what: str) -> str:
    """Return the text of a topic, key or id; a whole number is its digits."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        msg = f"the {what} is missing, or neither text nor a whole number"
        raise Malformed(msg)
    text = str(value).strip()
    if not text or len(text) > _LONGEST or not text.isprintable():
        msg = f"the {what} is blank, too long, or holds other signs than letters"
        raise Malformed(msg)
    return text
