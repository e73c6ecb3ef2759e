"""Single calls and reads that a person makes by hand: of M3's transactions, and of the shop's records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.app.actor import current_user
from m3nop.app.session import unknown
from m3nop.app.usage import operations_of, pipelines_of
from m3nop.core import json
from m3nop.core.connector import Call, Effect, Outcome, Remedy
from m3nop.core.errors import AccessError, M3nopError, UsageError
from m3nop.core.json import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from m3nop.app.session import Session
    from m3nop.core.connector import Answer, Catalog, Operation, Row

_PRODUCTION = frozenset({"prod", "production", "live"})
_UNREACHABLE = frozenset({Remedy.AUTHENTICATION, Remedy.TRANSIENT, Remedy.SYSTEMIC, Remedy.WAITING})


def is_production(environment: str) -> bool:
    """Tell whether an environment is called the one where mistakes cost money."""
    return environment in _PRODUCTION


def connection_of(session: Session, kind: str, name: str | None) -> str:
    """Return the one connection of a type, or the one that is named.

    Raises:
        UsageError: there is none, or several.
    """
    known = [one for one, found in session.project.connection_types.items() if found.name == kind]
    if name is not None:
        if name not in known:
            raise UsageError(unknown(f"connection of type {kind}", name, known))
        return name
    if len(known) != 1:
        msg = (
            f"say which connection: --connection {' | '.join(known)}"
            if known
            else f"the project has no {kind} connection"
        )
        raise UsageError(msg)
    return known[0]


def catalog_of(session: Session, connection: str) -> Catalog:
    """Return what a connection can do."""
    catalog = session.project.catalogs[connection]
    assert catalog is not None  # noqa: S101  a project with problems is never opened
    return catalog


def transaction(session: Session, connection: str, name: str) -> Operation:
    """Return a transaction by its full name.

    Raises:
        UsageError: there is none.
    """
    catalog = catalog_of(session, connection)
    operation = catalog.operation(name)
    if operation is None or name.startswith("table:"):
        remedy = catalog.remedy(name) or "write PROGRAM/Transaction, such as CRS610MI/GetBasicData"
        msg = f"{connection} has no transaction {name!r}; {remedy}"
        raise UsageError(msg)
    return operation


def fields_of(operation: Operation, pairs: Sequence[str]) -> dict[str, str]:
    """Read ``FIELD=VALUE`` pairs for a transaction.

    Raises:
        UsageError: one is no pair, or names a field that the transaction does not take, or one is missing.
    """
    fields: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            msg = f"{pair!r} is no field; write FIELD=VALUE, such as CUNO=W0000017"
            raise UsageError(msg)
        if operation.inputs is not None and name not in operation.inputs:
            raise UsageError(unknown(f"input field of {operation.name}", name, list(operation.inputs)))
        fields[name] = value
    missing = [
        name
        for name, info in (operation.inputs or {}).items()
        if info.mandatory and not fields.get(name, "").strip()
    ]
    if missing:
        msg = f"{operation.name} needs {', '.join(missing)}"
        raise UsageError(msg)
    return fields


def acts(operation: Operation) -> bool:
    """Tell whether a transaction changes something."""
    return operation.effect is not Effect.READ


def call(
    session: Session, connection: str, operation: Operation, fields: Mapping[str, str]
) -> tuple[Row, ...]:
    """Make one call and return its rows; one that acts is noted in the audit trail before it is sent.

    Raises:
        BusyError, StateError: nothing can be noted in the state, so nothing was sent.
        AccessError: M3 cannot be reached, refuses who we are, or nothing is known of what became of the call.
        M3nopError: M3 refused it.
    """
    if acts(operation):
        _note(session, connection, operation, fields)
    answer = session.connection(connection).send([Call("1", operation, dict(fields))])[0]
    if answer.outcome is Outcome.DONE:
        return answer.rows
    raise _error(operation, answer)


def _note(session: Session, connection: str, operation: Operation, fields: Mapping[str, str]) -> None:
    """Note who calls what; of the values, which may be personal data, only a digest."""
    state, now = session.state(), session.clock.now()
    detail = {"fields": sorted(fields), "values": digest(dict(fields))}
    with state.transaction() as tx:
        subject = f"{connection}/{operation.name}"
        tx.audit(now=now, actor=current_user(), action="call", subject=subject, detail=detail)


def _error(operation: Operation, answer: Answer) -> M3nopError:
    said = answer.failure or "no reason was given"
    if answer.outcome is Outcome.IN_DOUBT:
        msg = (
            f"{operation.name}: nobody knows whether M3 did it ({said}); look in M3 before you call it again"
        )
        return AccessError(msg)
    if answer.failure is not None and answer.failure.remedy in _UNREACHABLE:
        return AccessError(f"{operation.name} was not done: {said}")
    return M3nopError(f"M3 refuses {operation.name}: {said}")


def programs(session: Session, connection: str) -> dict[str, str]:
    """List the MI programs of the tenant with their descriptions."""
    from m3nop.connectors.m3 import snapshot

    return snapshot.programs(session.connection(connection), catalog_of(session, connection))


def describe(session: Session, connection: str, names: Sequence[str]) -> dict[str, Any]:
    """Read what programs can do from the tenant: one document a program."""
    from m3nop.connectors.m3 import snapshot

    return snapshot.snapshot(
        session.connection(connection), catalog_of(session, connection), names, now=session.clock.now()
    )


def programs_used(session: Session, connection: str) -> list[str]:
    """Name the MI programs that the project's pipelines call, and those that it has snapshots of."""
    used = {
        one.operation.name.partition("/")[0]
        for one in operations_of(pipelines_of(session))
        if one.connection == connection and not one.operation.name.startswith("table:")
    }
    taken = {path.stem for path in (session.place.folder / "m3").glob("*.json")}
    return sorted(used | taken)


def write_snapshot(session: Session, connection: str, names: Sequence[str]) -> list[Path]:
    """Write what programs can do to ``m3/`` of the project, one file a program."""
    documents = describe(session, connection, names)
    folder = session.place.folder / "m3"
    written: list[Path] = []
    try:
        folder.mkdir(exist_ok=True)
        for program, document in documents.items():
            path = folder / f"{program}.json"
            path.write_text(f"{json.dumps(document, indent=1)}\n", encoding="utf-8", newline="\n")
            written.append(path)
    except OSError as error:
        msg = f"{folder} cannot be written: {error.strerror or error}"
        raise UsageError(msg) from error
    return written


def records(
    session: Session, connection: str, resource: str, number: int | None, *, limit: int
) -> list[dict[str, Any]]:
    """Read one record of the shop, or some: the newest orders and customers, the first of the others.

    Raises:
        UsageError: the resource cannot be read, or there is no such record.
        AccessError: the shop cannot be reached, or refuses.
    """
    opened: Any = session.connection(connection)
    found = [dict(record) for record in opened.get(resource, number, limit=limit)]
    if number is not None and not found:
        msg = f"the shop has no {resource} {number}"
        raise UsageError(msg)
    return found
