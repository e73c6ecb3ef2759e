"""Takes answers apart: lists bare or in an envelope, rows checked against what was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from m3nop.connectors.nopcommerce.records import Raw, identity
from m3nop.core.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Collection

    from m3nop.core.json import Json

_REFERENCES = frozenset(
    {
        "product_id", "order_id", "customer_id", "discount_id", "country_id", "state_province_id",
        "warehouse_id", "billing_address_id", "shipping_address_id", "pickup_address_id",
    }
)  # fmt: skip


def chunks(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Cut ids into groups that one request may list."""
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


def rows_of(document: Json, *, what: str) -> list[Raw]:
    """Return the rows of a list, whether bare, in a paging envelope, or under the name of the resource.

    Raises:
        SourceError: it is no list.
    """
    rows = document
    if isinstance(document, Mapping):
        lists = [value for value in document.values() if isinstance(value, list)]
        rows = document.get("items", lists[0] if len(lists) == 1 else None)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        msg = f"the shop answered something else than a list of {what}"
        raise SourceError(msg)
    for row in rows:
        _check(row, what=what)
    return rows


def row_of(document: Json, *, what: str) -> Raw | None:
    """Return one row; None where there is none.

    Raises:
        SourceError: it is no row.
    """
    if document is None:
        return None
    if not isinstance(document, Mapping):
        msg = f"the shop answered something else than a row ({what})"
        raise SourceError(msg)
    _check(document, what=what)
    return document


def _check(row: Raw, *, what: str) -> None:
    """Refuse a row whose references to other rows are no numbers: none of them could be followed."""
    for name in _REFERENCES & row.keys():
        value = row[name]
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            msg = f"the shop answered with a row whose `{name}` is {value!r:.50} ({what})"
            raise SourceError(msg)


def number_of(document: Json, member: str, *, what: str) -> int:
    """Return a count that an answer holds.

    Raises:
        SourceError: it holds none.
    """
    number = document.get(member) if isinstance(document, Mapping) else None
    if not isinstance(number, int) or isinstance(number, bool):
        msg = f"the shop answered no `{member}` where the number of {what} was asked for"
        raise SourceError(msg)
    return number


def asked_for(rows: Sequence[Raw], ids: Collection[int], *, what: str) -> list[Raw]:
    """Return the rows by ascending id, each once, less those marked as deleted.

    Raises:
        SourceError: a row came that was not asked for.
    """
    found: dict[int, Raw] = {}
    for row in rows:
        number = identity(row, what=what)
        if number not in ids:
            refuse(what, str(number))
        found[number] = row
    return [found[number] for number in sorted(found) if not found[number].get("deleted")]


def only_of(rows: Sequence[Raw], field: str, value: int, *, what: str) -> Sequence[Raw]:
    """Return the rows, all of which must have this value.

    Raises:
        SourceError: one has not.
    """
    for row in rows:
        if row.get(field) != value:
            refuse(what, f"whose `{field}` is {row.get(field)!r} instead of {value}")
    return rows


def refuse(what: str, which: str) -> NoReturn:
    """Stop on a row that shows that an answer is not to be trusted."""
    msg = f"the shop answered with a row that was not asked for, so it cannot be trusted: {what} {which}"
    raise SourceError(msg)
