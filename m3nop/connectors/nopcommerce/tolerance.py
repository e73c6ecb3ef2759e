"""Lets a row that cannot be read spoil its own record only, as long as the shop answers at all."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from m3nop.connectors.nopcommerce.refusals import ShopFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from m3nop.connectors.nopcommerce.api import Request, ShopApi
    from m3nop.connectors.nopcommerce.records import Record
    from m3nop.connectors.nopcommerce.workers import Workers

UNREADABLE = "unreadable"
"""The member of a record that says what of it could not be read; a record without it is whole."""

K = TypeVar("K", bound="Hashable")
R = TypeVar("R")


class RowReader:
    """Reads rows side by side.

    ``proof`` is a list that answers as long as the shop works; without it every failure is raised.
    """

    def __init__(self, api: ShopApi, workers: Workers, *, proof: Request | None) -> None:
        self._api = api
        self._workers = workers
        self._proof = proof

    def each(self, read: Callable[[K], R], keys: Sequence[K]) -> tuple[dict[K, R], dict[K, ShopFailure]]:
        """Read a row for each key; return what came, and why the rest did not.

        Raises:
            ShopFailure: the shop answers nothing else either, or wants to be left alone.
        """

        def attempt(key: K) -> R | ShopFailure:
            try:
                return read(key)
            except ShopFailure as error:
                self.bear(error)
                return error

        found: dict[K, R] = {}
        failed: dict[K, ShopFailure] = {}
        for key, answer in zip(keys, self._workers.each(attempt, keys), strict=True):
            if isinstance(answer, ShopFailure):
                failed[key] = answer
            else:
                found[key] = answer
        return found, failed

    def found(self, read: Callable[[K], R], keys: Sequence[K], *, failed: dict[K, ShopFailure]) -> dict[K, R]:
        """Read a row for each key; return what came, and put into ``failed`` why the rest did not.

        Raises:
            ShopFailure: as ``each`` does.
        """
        rows, lost = self.each(read, keys)
        failed.update(lost)
        return rows

    def bear(self, error: ShopFailure) -> None:
        """Return if a failure is about its row only.

        Raises:
            ShopFailure: it is about the shop.
        """
        bear(self._api, error, proof=self._proof)


def bear(api: ShopApi, error: ShopFailure, *, proof: Request | None) -> None:
    """Return if a failure is about its row only: ``proof`` answers all the same.

    Raises:
        ShopFailure: it is about the shop, or there is no proof that it is not.
    """
    if proof is None or error.failure.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise error
    try:
        api.read(proof)
    except ShopFailure:
        raise error from None


class Flaw(NamedTuple):
    """Which part of a record could not be read, and why."""

    part: str
    error: str


class Flaws:
    """What could not be read of some records, by their id; the first thing of each."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._flaws: dict[int, Flaw] = {}

    def note(self, number: int, part: str, error: object) -> None:
        """Keep that a part of a record failed."""
        self._flaws.setdefault(number, Flaw(part, str(error)))

    def note_all(self, part: str, failed: Mapping[int, object]) -> None:
        """Keep that a part of several records failed."""
        for number, error in failed.items():
            self.note(number, part, error)

    def record(self, number: int, make: Callable[[Record], Record], parts: Record) -> Record:
        """Make a record of its parts, or of none of them, with what failed said, where one is not known."""
        flaw = self._flaws.get(number)
        if flaw is None:
            return make(parts)
        return {**make({}), UNREADABLE: f"{self._what} {number}, {flaw.part}: {flaw.error}"}
