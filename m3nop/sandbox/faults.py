"""Scripted faults: which request they hit and what happens to it, the same at every run with the same seed.

A fault is JSON, so that a script or a test in another process can set it::

    {"system": "m3", "operation": "OIS100MI/Confirm", "kind": "reset_after", "nth": 2, "times": 1}

``operation`` is a pattern (``*`` and ``?``) over the names of a request: its path; for M3 also
``PROGRAM/TRANSACTION`` of each transaction in it, or ``token``; for the shop also method and path.
"""

from __future__ import annotations

import random
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import asdict, fields

if TYPE_CHECKING:
    from collections.abc import Iterable

    from m3nop.sandbox.books import Books

KINDS: dict[str, str] = {
    "latency": "the effect happens at once, the answer comes `seconds` later",
    "status": "answer `status` (with `retry_after` seconds if given); no effect, unless `effect` is true",
    "reset_before": "the connection is reset, nothing happened",
    "reset_after": "it happened, then the connection is reset without an answer",
    "late_effect": "the connection is reset at once; it happens `seconds` later",
    "silence": "nothing happens, and no answer comes for `seconds`; then the connection is reset",
    "slow_body": "it happened, the answer comes in pieces over `seconds`",
    "cut_body": "it happened, the connection is closed in the middle of the answer, if it has a body",
    "html": "an HTML error page with `status` (502 unless given); no effect, unless `effect` is true",
    "empty": "it happened, the answer is 200 with no body",
    "invalid_json": "it happened, the answer is cut in the middle",
    "content_type": "it happened, the answer says it is text/plain",
    "expired_token": "all tokens of the system (its table `m3.tokens`, `shop.tokens`) expire first",
    "terminated": "M3 refuses the whole request: 400 with wasTerminated",
    "truncate_bulk": "M3 processes all of a bulk, the answer holds the first `count` results only",
    "drop_after": "M3 processes the first `count` of a bulk, the answer holds just their results",
    "not_processed": "M3 processes the first `count` of a bulk, the others are flagged notProcessed",
    "background_confirm": "Confirm answers without an order number and finishes `seconds` later",
    "background_update": "M3 posts a ledger or payment batch `seconds` after it has answered",
    "duplicate_records": "a list shows its first `count` records twice",
    "list_fails": "a list of M3 breaks off after its first `count` records, with an error beside them",
    "late_records": "a list does not show its newest `count` records yet",
    "drifting_pages": "a page of a list begins `count` records too late; with a negative `count` too early",
}
"""Every kind of fault, with what it does."""

TRANSPORT = frozenset(
    {
        "status", "reset_before", "reset_after", "late_effect", "silence", "slow_body", "cut_body", "html",
        "empty", "invalid_json", "content_type",
    }
)  # fmt: skip
"""Kinds that decide what becomes of the request as a whole; of several the first one wins."""


class Fault(Struct, frozen=True, kw_only=True):
    """One scripted fault."""

    kind: str
    system: str = "*"
    """``m3``, ``shop`` or ``*``."""
    operation: str = "*"
    nth: int = 1
    """The matching request from which on it may strike, counted from 1."""
    every: int = 1
    """From there on only each so many-th."""
    times: int | None = 1
    """How often it strikes; null is for ever."""
    probability: float = 1.0
    seconds: float = 0.0
    status: int | None = None
    retry_after: int | None = None
    count: int = 0
    effect: bool = False

    def __post_init__(self) -> None:
        """Refuse a fault that could never do what it says."""
        if self.kind not in KINDS:
            msg = f"unknown fault kind {self.kind!r}; known: {', '.join(KINDS)}"
            raise ValueError(msg)
        if self.kind == "status" and self.status is None:
            msg = "a fault of kind 'status' needs 'status', e.g. 503"
            raise ValueError(msg)
        if self.nth < 1 or self.every < 1:
            msg = "'nth' and 'every' of a fault count from 1"
            raise ValueError(msg)

    @classmethod
    def from_document(cls, doc: dict[str, Any]) -> Fault:
        """Read a fault from JSON.

        Raises:
            ValueError: an unknown member or kind, or a member that is missing.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(doc) - known)
        if unknown or "kind" not in doc:
            wrong = f"unknown member {unknown[0]!r}" if unknown else "'kind' is missing"
            msg = f"{wrong} in a fault; known members: {', '.join(sorted(known))}"
            raise ValueError(msg)
        numbers: dict[str, Any] = {
            name: float(doc[name]) for name in ("seconds", "probability") if name in doc
        }
        return cls(**{**doc, **numbers})

    def matches(self, system: str, operations: Iterable[str]) -> bool:
        """Tell whether a request is one that this fault counts."""
        return fnmatchcase(system, self.system) and any(
            fnmatchcase(operation, self.operation) for operation in operations
        )


class Faults:
    """The faults that are set, with their counts; both are kept in the books."""

    def __init__(self, books: Books, *, seed: int = 1) -> None:
        self._books = books
        self._table = books.table("sandbox.faults")
        self._seed = seed
        self._rows: dict[str, dict[str, Any]] = {key: self._table[key] for key in self._table}

    def add(self, fault: Fault) -> str:
        """Set a fault and return its id."""
        number = f"f{self._books.next_number('fault')}"
        self._keep(number, {"fault": asdict(fault), "seen": 0, "fired": 0})
        return number

    def remove(self, number: str) -> None:
        """Unset a fault.

        Raises:
            KeyError: there is none with this id.
        """
        del self._rows[number]
        del self._table[number]

    def clear(self) -> None:
        """Unset all faults."""
        self._rows.clear()
        self._table.clear()

    def describe(self) -> list[dict[str, Any]]:
        """List the faults with how often each matched (``seen``) and struck (``fired``)."""
        return [
            {"id": number, **row["fault"], "seen": row["seen"], "fired": row["fired"]}
            for number, row in self._rows.items()
        ]

    def strike(self, system: str, operations: Iterable[str]) -> tuple[Fault, ...]:
        """Count a request against every fault that matches it and return those that strike."""
        names = tuple(operations)
        struck: list[Fault] = []
        for number, row in list(self._rows.items()):
            fault = Fault.from_document(row["fault"])
            if not fault.matches(system, names):
                continue
            seen = row["seen"] + 1
            strikes = self._strikes(number, fault, seen=seen, fired=row["fired"])
            if strikes and fault.kind in TRANSPORT and any(other.kind in TRANSPORT for other in struck):
                strikes = False
            if strikes:
                struck.append(fault)
            self._keep(number, {**row, "seen": seen, "fired": row["fired"] + strikes})
        return tuple(struck)

    def _strikes(self, number: str, fault: Fault, *, seen: int, fired: int) -> bool:
        if fault.times is not None and fired >= fault.times:
            return False
        if seen < fault.nth or (seen - fault.nth) % fault.every:
            return False
        return random.Random(f"{self._seed}/{number}/{seen}").random() < fault.probability  # noqa: S311

    def _keep(self, number: str, row: dict[str, Any]) -> None:
        self._rows[number] = row
        self._table[number] = row
