"""What M3 answered to one transaction, the same for both versions of its REST interface."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.core.connector import Answer, Call, Effect, Failure, Outcome, Remedy
from m3nop.mapping.conversion import from_field_text

if TYPE_CHECKING:
    from m3nop.core.connector import Operation, Row

Record = Mapping[str, str]


class Refusal(Struct, frozen=True):
    """M3's no: the message as it came, the message id, the field, and what kind of no it is."""

    message: str
    code: str = ""
    field: str = ""
    type: str = ""


class Result(Struct, frozen=True):
    """One transaction's part of an answer; ``parameters`` repeat its input where the server does so."""

    transaction: str = ""
    records: Sequence[Record] = ()
    refusal: Refusal | None = None
    processed: bool = True
    parameters: Record | None = None
    position: str = ""
    """Where the list goes on, where the server tells."""


class Reply(Struct, frozen=True):
    """What became of one call: its result, or why there is none."""

    result: Result | None
    outcome: Outcome = Outcome.DONE
    failure: Failure | None = None
    clean: bool = True


_KNOWN_REFUSALS = frozenset({"", "ServerReturnedNOK"})
_CHECKED_BEFORE = re.compile(r"(NotFound|TooLong|TooShort|Invalid)$")
"""Types of errors of the REST service itself, which it makes before it calls the program."""
_NO_ACCESS = re.compile(r"author|access|login|security", re.IGNORECASE)
NOT_THERE = re.compile(r"^(Transaction|Program)NotFound$")
"""Types of errors that say that M3 has no such program or transaction."""
_MESSAGE_ID = re.compile(r"[A-Z][A-Z0-9_]{2}[A-Z0-9_]{2}\d{2}|[A-Z]{2}\d{5}")
_FIELD_NAME = re.compile(r"[A-Z][A-Z0-9]{3}")


def answer(call: Call, reply: Reply) -> Answer:
    """Judge a reply."""
    reads = call.operation.effect is Effect.READ
    if reply.result is None:
        return _broken(reply, reads=reads)
    result = reply.result
    if not result.processed:
        failure = Failure(Remedy.TRANSIENT, "M3 says that it did not process this call")
        return Answer(Outcome.NOT_SENT if reads else Outcome.IN_DOUBT, failure=failure, clean=reply.clean)
    if result.refusal is not None:
        return _refused(call, result.refusal, partly=bool(result.records), clean=reply.clean)
    return Answer(Outcome.DONE, rows=typed(result.records, call.operation), clean=reply.clean)


def _broken(reply: Reply, *, reads: bool) -> Answer:
    # A read has no effect, so it is never in doubt.
    return Answer(Outcome.NOT_SENT if reads else reply.outcome, failure=reply.failure, clean=reply.clean)


def _refused(call: Call, refusal: Refusal, *, partly: bool, clean: bool) -> Answer:
    outcome, failure = judge(refusal)
    there = failure.code in call.operation.done_codes
    if call.operation.effect is Effect.READ:
        if partly:
            # It began to answer and broke off: what is there is no answer, and the question still stands.
            return Answer(Outcome.NOT_SENT, failure=_passing(failure), clean=clean)
        if there or _names_the_key(call, outcome, failure):
            return Answer(Outcome.DONE, clean=clean)
        return Answer(
            Outcome.NOT_SENT if outcome is Outcome.IN_DOUBT else outcome, failure=failure, clean=clean
        )
    if partly:
        # Rows and a refusal together: some of it was done.
        return Answer(Outcome.IN_DOUBT, failure=failure, clean=clean)
    if there and call.operation.effect is Effect.KEYED:
        return Answer(Outcome.DONE, rows=(_as_if_done(call, failure.code),), clean=clean)
    if outcome is Outcome.REFUSED and failure.code in call.operation.waiting_codes:
        failure = replace(failure, remedy=Remedy.WAITING)
    return Answer(outcome, failure=failure, clean=clean)


def _passing(failure: Failure) -> Failure:
    return replace(failure, remedy=Remedy.TRANSIENT) if failure.remedy is Remedy.BUSINESS else failure


def _names_the_key(call: Call, outcome: Outcome, failure: Failure) -> bool:
    """Tell whether a read of one record was refused because of the key that it was asked for by.

    Message ids differ between programs and releases; the field that a refusal names does not.
    """
    return outcome is Outcome.REFUSED and not call.operation.many and bool(call.fields.get(failure.field))


def _as_if_done(call: Call, code: str) -> Row:
    """Repeat the key that was sent, which a first answer would have held, and say that it is a repeat."""
    outputs = call.operation.outputs or {}
    return {**{name: value for name, value in call.fields.items() if name in set(outputs)}, "already": code}


def judge(refusal: Refusal) -> tuple[Outcome, Failure]:
    """Say what a refusal means for a write, and what has to happen next."""
    failure = _cleaned(refusal)
    if failure.code.startswith("XAU") or (not failure.code and _NO_ACCESS.search(refusal.type)):
        hint = "; check the rights of the M3 user that signs in, and `company` and `division`"
        return Outcome.NOT_SENT, replace(
            failure, remedy=Remedy.AUTHENTICATION, message=failure.message + hint
        )
    if NOT_THERE.match(refusal.type):
        hint = "; this M3 has no such transaction, or the user may not call it"
        return Outcome.NOT_SENT, replace(failure, remedy=Remedy.CONFIGURATION, message=failure.message + hint)
    if failure.code or refusal.type in _KNOWN_REFUSALS or _CHECKED_BEFORE.search(refusal.type):
        return Outcome.REFUSED, failure
    # An error of an unknown kind need not mean that the program did nothing.
    return Outcome.IN_DOUBT, replace(failure, remedy=Remedy.SYSTEMIC)


def _cleaned(refusal: Refusal) -> Failure:
    """Take message id, field and padding out of a message (Infor's SDK does so too)."""
    code, field = refusal.code.strip(), refusal.field.strip()
    parts = [part.strip() for part in re.split(r"\s{2,}", refusal.message.strip())]
    if len(parts) > 1 and not code:
        code = next((part for part in parts[1:] if _MESSAGE_ID.fullmatch(part)), "")
        if code and not field and _FIELD_NAME.fullmatch(parts[-1]):
            field = parts[-1]
    words = " ".join(part for n, part in enumerate(parts) if not n or part not in {code, field})
    for ending in (field, code):
        if ending and words.endswith(f" {ending}"):
            words = words.removesuffix(ending).rstrip()
    return Failure(
        Remedy.BUSINESS, words or refusal.type or "refused without a reason", code=code, field=field
    )


def typed(records: Sequence[Record], operation: Operation) -> tuple[Row, ...]:
    """Give values their types by the catalog: numbers exact, blank dates None, text without padding."""
    known = {} if operation.outputs is None else operation.outputs
    if len(records) == 1:
        return ({name: from_field_text(text, known.get(name)) for name, text in records[0].items()},)
    infos = {name: known.get(name) for record in records for name in record}
    return tuple(
        {name: from_field_text(text, infos[name]) for name, text in record.items()} for record in records
    )


def field_text(value: object) -> str:
    """Write a value as M3 takes it: plain digits with a point, flags as 1 and 0."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def record_of(call: Call) -> dict[str, str]:
    """Write the fields of a call; those without a value stay out."""
    return {name: field_text(value) for name, value in call.fields.items() if value is not None}
