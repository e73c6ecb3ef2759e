"""The fault catalogue: what each fault does, and what is declared to be known of a call that it hits.

Tests enumerate it over every operation of both connectors, and `docs/reference/faults.md` prints it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from m3nop.core.connector import Outcome, Remedy

if TYPE_CHECKING:
    from collections.abc import Mapping

DONE, NOT_SENT, IN_DOUBT = Outcome.DONE, Outcome.NOT_SENT, Outcome.IN_DOUBT
TRANSIENT, SYSTEMIC = Remedy.TRANSIENT, Remedy.SYSTEMIC
AUTHENTICATION, CONFIGURATION = Remedy.AUTHENTICATION, Remedy.CONFIGURATION
FOR_EVER = {"times": None}


class Happened(StrEnum):
    """What the system did before the answer went wrong."""

    NOTHING = "nothing"
    ALL = "all"
    LATER = "later"
    """Nothing yet; it does it after everybody has stopped waiting."""
    SOME = "some"
    """The first calls of the request, not the others."""


class Body(StrEnum):
    """What the answer to a request of the shop that acts holds."""

    NONE = "none"
    """Nothing: the official API says yes by the status alone, unless it makes a row."""
    NEEDLESS = "needless"
    """The row, which is read again anyway: the open-source API, unless it makes a row."""
    NEEDED = "needed"
    """The row that was made, with its id."""


@dataclass(frozen=True)
class Said:
    """What the connector says of a call."""

    outcome: Outcome
    remedy: Remedy | None = None

    def __str__(self) -> str:
        return self.outcome.replace("_", " ")


UNKNOWN = Said(IN_DOUBT, TRANSIENT)
AGAIN = Said(NOT_SENT, TRANSIENT)
FINE = Said(DONE)


@dataclass(frozen=True)
class Fault:
    """One row.

    ``kind`` and ``options`` are those of the sandbox; a row without a kind is made by the test itself.
    ``acts`` is what is known of a call that acts, ``reads`` of one that only reads, for as long as the fault
    lasts. ``once`` is what becomes of a read of the shop that is hit once: the connector asks again.
    """

    id: str
    what: str
    kind: str
    happened: Happened
    acts: Said
    reads: Said
    options: Mapping[str, Any] = field(default_factory=dict)
    once: Said = FINE
    token: Said | None = AGAIN
    """What is known of a call when the request for its token is hit; None where that cannot happen."""
    shop: Said | None = None
    """What is known of a call of the shop that acts, where that differs."""
    nothing_to_spoil: tuple[Body, ...] = ()
    """The answers that this fault does not harm: it is as if it had not been."""

    def acting(self, system: str, *, body: Body = Body.NEEDED, acted: bool = False) -> Said:
        """Return what is known of a call that acts; ``body`` is what the request that is hit would answer.

        If a request of the same call ``acted`` before, the call is in doubt as a whole, whatever becomes of this
        one; what was turned away for its haste is sent again.
        """
        known = self.shop or self.acts if system == "shop" else self.acts
        if known.outcome is DONE or body in self.nothing_to_spoil:
            return FINE
        if not acted:
            return known
        hasty = self.options.get("status") == HTTPStatus.TOO_MANY_REQUESTS
        return FINE if hasty else Said(IN_DOUBT, known.remedy)


def _status(status: int, words: str, acts: Said, *, effect: bool = False, **more: Any) -> Fault:
    reads = Said(NOT_SENT, acts.remedy)
    after = "_after" if effect else ""
    happened = Happened.ALL if effect else Happened.NOTHING
    options = {"status": status, **({"effect": True} if effect else {}), **more.pop("options", {})}
    token = more.pop("token", Said(NOT_SENT, acts.remedy))
    return Fault(
        f"status_{status}{after}", words, "status", happened, acts, reads, options, token=token, **more
    )


CONNECTION = (
    Fault(
        "refused", "the connection is refused", "", Happened.NOTHING,
        Said(NOT_SENT, SYSTEMIC), Said(NOT_SENT, SYSTEMIC), token=Said(NOT_SENT, SYSTEMIC),
        once=Said(NOT_SENT, SYSTEMIC),
    ),
    Fault("reset_before", "the connection is reset before the effect", "reset_before", Happened.NOTHING, UNKNOWN, AGAIN),
    Fault("reset_after", "the connection is reset after the effect", "reset_after", Happened.ALL, UNKNOWN, AGAIN),
    Fault(
        "late_effect", "the connection is reset, and the effect comes later", "late_effect", Happened.LATER,
        UNKNOWN, AGAIN, {"seconds": 20},
    ),
    Fault(
        "timeout_before", "no answer in time, and nothing happened", "silence", Happened.NOTHING, UNKNOWN, AGAIN,
        {"seconds": 5},
    ),
    Fault(
        "timeout_after", "no answer in time, although it happened", "latency", Happened.ALL, UNKNOWN, AGAIN,
        {"seconds": 5},
    ),
    Fault(
        "slow_body", "the answer trickles in and is not complete in time", "slow_body", Happened.ALL, UNKNOWN, AGAIN,
        {"seconds": 5}, nothing_to_spoil=(Body.NONE,),
    ),
    Fault(
        "cut_body", "the connection ends in the middle of the answer", "cut_body", Happened.ALL, UNKNOWN, AGAIN,
        nothing_to_spoil=(Body.NONE,),
    ),
)  # fmt: skip
STATUS = (
    _status(429, "429, without `Retry-After`", AGAIN),
    Fault(
        "status_429_retry_after", "429, with `Retry-After`", "status", Happened.NOTHING, AGAIN, AGAIN,
        {"status": 429, "retry_after": 7},
    ),
    _status(500, "500", Said(IN_DOUBT, SYSTEMIC)),
    _status(500, "500, although it happened", Said(IN_DOUBT, SYSTEMIC), effect=True),
    _status(502, "502", UNKNOWN),
    _status(503, "503", UNKNOWN),
    _status(504, "504", UNKNOWN),
    _status(504, "504, although it happened", UNKNOWN, effect=True),
    Fault(
        "token_expired", "401 in mid-run: the token has expired", "expired_token", Happened.ALL, FINE, FINE,
        token=None,
    ),
    _status(
        401, "401, with a new token too", Said(NOT_SENT, AUTHENTICATION), options=FOR_EVER,
        once=Said(NOT_SENT, AUTHENTICATION),
    ),
    _status(403, "403", Said(NOT_SENT, AUTHENTICATION), once=Said(NOT_SENT, AUTHENTICATION)),
)  # fmt: skip
BODY = (
    Fault(
        "html_502", "502 with an HTML page", "html", Happened.NOTHING, UNKNOWN, AGAIN,
    ),
    Fault(
        "html_200", "200 with an HTML page instead of JSON, although it happened", "html", Happened.ALL,
        UNKNOWN, AGAIN, {"status": 200, "effect": True}, token=Said(NOT_SENT, CONFIGURATION),
    ),
    Fault(
        "content_type", "the answer says that it is plain text", "content_type", Happened.ALL, UNKNOWN, AGAIN,
        shop=FINE, token=FINE,
    ),
    Fault(
        "empty", "200 without a body", "empty", Happened.ALL, UNKNOWN, AGAIN,
        nothing_to_spoil=(Body.NONE, Body.NEEDLESS),
    ),
    Fault(
        "invalid_json", "JSON that is cut in the middle", "invalid_json", Happened.ALL, UNKNOWN, AGAIN,
        nothing_to_spoil=(Body.NONE,),
    ),
)  # fmt: skip
FAULTS = (*CONNECTION, *STATUS, *BODY)
"""What can befall any request."""


@dataclass(frozen=True)
class BulkFault:
    """What can befall several calls in one request of M3's version 2, of which the first is ``done``.

    ``named`` is what is known of the first and the second call where M3 repeats their input in its results
    (``extended_result``), ``bare`` where it does not; ``alone`` of a call that is the only one.
    """

    id: str
    what: str
    kind: str
    happened: Happened
    named: tuple[Said, Said]
    bare: tuple[Said, Said]
    alone: Said
    reads: tuple[Said, Said]


LOST = Said(IN_DOUBT, Remedy.IN_DOUBT)
ENDED = Said(IN_DOUBT, SYSTEMIC)
UNREAD = Said(NOT_SENT, Remedy.IN_DOUBT)
BULK = (
    BulkFault(
        "bulk_truncated", "all were made, and the answer holds the first result only", "truncate_bulk", Happened.ALL,
        (FINE, LOST), (LOST, LOST), LOST, (UNREAD, UNREAD),
    ),
    BulkFault(
        "bulk_dropped", "the first was made, the others were dropped, and the answer does not say so", "drop_after",
        Happened.SOME, (FINE, LOST), (LOST, LOST), LOST, (UNREAD, UNREAD),
    ),
    BulkFault(
        "not_processed", "the first was made, the others are flagged `notProcessed`", "not_processed", Happened.SOME,
        (FINE, UNKNOWN), (FINE, UNKNOWN), UNKNOWN, (FINE, AGAIN),
    ),
    BulkFault(
        "terminated", "400 and `wasTerminated`: the request was ended", "terminated", Happened.NOTHING,
        (ENDED, ENDED), (ENDED, ENDED), ENDED, (Said(NOT_SENT, SYSTEMIC), Said(NOT_SENT, SYSTEMIC)),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class ListFault:
    """What can befall a list of M3: ``rows`` is what of its rows is told, in words."""

    id: str
    what: str
    kind: str
    said: Said
    rows: str


M3_LISTS = (
    ListFault(
        "rows_and_error", "the list breaks off: rows and an error together", "list_fails", AGAIN, "none of them",
    ),
    ListFault(
        "rows_twice", "the list shows a row twice", "duplicate_records", FINE,
        "as they came; records are told apart by their key, rows of a table are told once",
    ),
    ListFault(
        "rows_late", "the list does not show its newest row yet", "late_records", FINE,
        "those that came; a probe believes that there is none only after `settle_after`",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class SourceFault:
    """What can befall the lists that a source of the shop reads: no record is lost, whatever it is."""

    id: str
    what: str
    kind: str
    options: Mapping[str, Any]
    becomes: str


SOURCES = (
    SourceFault(
        "records_twice", "each list shows its first records twice", "duplicate_records", {"count": 2, **FOR_EVER},
        "each record comes once",
    ),
    SourceFault(
        "page_too_early", "a page repeats the end of the one before it", "drifting_pages", {"count": -1, "nth": 4},
        "each record comes once",
    ),
    SourceFault(
        "page_too_late", "a page leaves out a record, because one before it has gone", "drifting_pages", {"count": 1, "nth": 4},
        "each record comes once: ids are asked for one by one, or the list is read again until it is whole",
    ),
    SourceFault(
        "records_late", "lists do not show the newest record yet", "late_records", {"count": 1, **FOR_EVER},
        "it comes with the next reading; an id below that did not appear is asked for again for a day, and once a "
        "day the shop's count is compared",
    ),
)  # fmt: skip
TIMES = {
    "clock_back": (
        "the clock is set back an hour between two runs",
        "no record is lost or entered twice; what is parked waits until its time has come again",
    ),
    "clock_ahead": (
        "the clock is a day ahead for one run",
        "no record is lost or entered twice",
    ),
    "summer_time": (
        "summer time begins or ends while orders come in",
        "each is entered once, with the date on which it was placed in M3's time zone",
    ),
    "out_of_order": (
        "orders appear in another order than that of their ids and dates",
        "each is entered once",
    ),
}
"""What can befall the time, by the parameter of the test that shows it, with what becomes of records."""
