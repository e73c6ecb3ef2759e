"""What the columns of the state hold, and how whole columns of values become what a database takes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.types import TypeDecorator

from m3nop.core.json import Json, compact, compact_each, loads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy.engine import Dialect

_SURROGATE = re.compile("[\ud800-\udfff]")


def written(value: Json) -> str | None:
    """Return the text of a value as a column holds it; half a surrogate pair, no UTF-8, stays escaped."""
    if value is None:
        return None
    text = compact(value)
    if text.isascii():
        return text
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def written_each(values: Sequence[Json]) -> Sequence[str | None]:
    """Return the texts of a column of values."""
    told = [value for value in values if value is not None]
    if not told:
        return values
    texts = compact_each(told)
    if not "".join(texts).isascii():
        return [written(value) for value in values]
    if len(told) == len(values):
        return texts
    following = iter(texts)
    return [None if value is None else next(following) for value in values]


def written_once(value: Mapping[str, str] | None) -> str | None:
    """Return the text of an object of texts, which is kept for those that equal it."""
    return None if value is None else _written_once(tuple(value.items()))


@lru_cache(maxsize=4096)
def _written_once(members: tuple[tuple[str, str], ...]) -> str | None:
    return written(dict(members))


def plain_text(value: str | None) -> str | None:
    """Replace what not every database can store."""
    if value is None:
        return None
    if "\0" in value:
        value = value.replace("\0", "?")
    return value if value.isascii() else _SURROGATE.sub("?", value)


def plain_texts(values: Sequence[str | None]) -> Sequence[str | None]:
    """Do so with a column of texts, nearly all of which are fine as they are."""
    together = "".join(filter(None, values))
    if together.isascii() and "\0" not in together:
        return values
    return [plain_text(value) for value in values]


class JsonText(TypeDecorator[Json]):
    """JSON as text, with exact numbers; None is NULL."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Json], str | None]:  # noqa: ARG002
        """Write JSON text."""
        return written

    def process_result_value(self, value: str | None, dialect: Dialect) -> Json:  # noqa: ARG002
        """Read JSON text."""
        return None if value is None else loads(value)


class RepeatedJson(JsonText):
    """JSON objects of texts, of which many are alike: each is written out once."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Json], str | None]:  # noqa: ARG002
        """Write JSON text."""
        return written_once


class PlainText(TypeDecorator[str]):
    """Text that every database can hold: what UTF-8 or PostgreSQL cannot store becomes a question mark."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:  # noqa: ARG002
        """Replace what cannot be stored."""
        return plain_text


# SQLite numbers rows by itself only for a column that is declared INTEGER, which holds 64 bits there.
RowId = BigInteger().with_variant(Integer(), "sqlite")
