"""Products and variants by the names that calls give them, and how several of them are read together."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import quote

from msgspec import Struct

from m3nop.connectors.nopcommerce.operations import PRODUCTS_AT_ONCE
from m3nop.connectors.nopcommerce.refusals import ShopFailure
from m3nop.connectors.nopcommerce.tolerance import bear
from m3nop.core.connector import Failure, Outcome, Remedy
from m3nop.core.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from m3nop.connectors.nopcommerce.api import Request, ShopApi
    from m3nop.connectors.nopcommerce.records import Raw
    from m3nop.core.json import Json

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Name = str | int
"""A SKU, or the id of a product."""

_LONGEST = 1500
"""Characters of names in one address; servers cut or refuse those above 2048."""
_ODD = 1000


class Goods(Struct, frozen=True):
    """A product, and the attribute combination of it that a SKU names."""

    product: Raw
    combination: Raw | None = None


Found = Goods | ShopFailure | None
"""What has a name, nothing, or why that cannot be told."""


def failed_or(row: Raw | ShopFailure | None, make: Callable[[Raw], Found]) -> Found:
    """Make something of a row that was read; what failed, or is gone, stays so."""
    return row if row is None or isinstance(row, ShopFailure) else make(row)


class Reader(Protocol):
    """Makes requests that change nothing."""

    def read(self, request: Request) -> Json:
        """Answer one; a row that is gone is None."""
        ...


class Together:
    """Reads for several calls with few requests. Safe to use from several threads.

    What spoils a request for the others is read by itself from then on. ``proof`` is a list that answers as
    long as the shop works: if it does not, the failure is about the shop and not about a row.
    """

    def __init__(self, api: ShopApi, *, proof: Request) -> None:
        self._api = api
        self._proof = proof
        self._odd: set[Hashable] = set()

    def many(
        self, keys: Sequence[K], read: Callable[[Sequence[K]], Mapping[K, V]]
    ) -> dict[K, V | ShopFailure]:
        """Read the values of ``keys``, as many in one request as fit; why one failed stands in its place."""
        found: dict[K, V | ShopFailure] = {}
        for group in self._groups(list(dict.fromkeys(keys))):
            found.update(self._many(group, read))
        return found

    def each(self, keys: Sequence[K], read: Callable[[K], V]) -> dict[K, V | ShopFailure]:
        """Read the value of each key with requests of its own; once the shop fails, the rest is left."""
        found: dict[K, V | ShopFailure] = {}
        for key in dict.fromkeys(keys):
            try:
                found[key] = read(key)
            except (ShopFailure, SourceError) as error:
                found[key] = failure = _failure(error)
                if not self._is_of_a_row(failure):
                    return {**dict.fromkeys(keys, failure), **found}
        return found

    def _groups(self, keys: Sequence[K]) -> Iterator[Sequence[K]]:
        group: list[K] = []
        room = _LONGEST
        for key in keys:
            if key in self._odd:
                yield [key]
                continue
            size = len(quote(str(key), safe="")) + len("%3B")
            if group and (len(group) == PRODUCTS_AT_ONCE or size > room):
                yield group
                group, room = [], _LONGEST
            group.append(key)
            room -= size
        if group:
            yield group

    def _many(
        self, keys: Sequence[K], read: Callable[[Sequence[K]], Mapping[K, V]], *, parted: bool = False
    ) -> dict[K, V | ShopFailure]:
        try:
            return dict(read(keys))
        except (ShopFailure, SourceError) as error:
            failure = _failure(error)
        if len(keys) > 1 and self._is_of_a_row(failure):
            half = len(keys) // 2
            return {
                **self._many(keys[:half], read, parted=True), **self._many(keys[half:], read, parted=True)
            }  # fmt: skip
        if len(keys) == 1 and parted:
            self._note_odd(keys[0])
        return dict.fromkeys(keys, failure)

    def _note_odd(self, key: Hashable) -> None:
        if len(self._odd) >= _ODD:
            self._odd.clear()
        self._odd.add(key)

    def _is_of_a_row(self, failure: ShopFailure) -> bool:
        if failure.failure.remedy is Remedy.SYSTEMIC and failure.failure.status is None:
            # Rows that were not asked for, or nobody there: not to be trusted in smaller groups either.
            return False
        try:
            bear(self._api, failure, proof=self._proof)
        except ShopFailure:
            return False
        return True


def _failure(error: ShopFailure | SourceError) -> ShopFailure:
    """Return a failure of a read, which has no effect whatever became of it."""
    if isinstance(error, SourceError):
        return ShopFailure(Failure(Remedy.SYSTEMIC, str(error)), outcome=Outcome.NOT_SENT)
    if error.outcome is Outcome.REFUSED:
        return error
    return ShopFailure(error.failure, outcome=Outcome.NOT_SENT)
