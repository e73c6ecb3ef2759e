"""Takes down what a tenant's MI programs can do, by MRS001MI, for ``m3/*.json`` of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.clock import to_text
from m3nop.core.connector import Call, Outcome, Remedy
from m3nop.core.errors import AccessError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.core.clock import Instant
    from m3nop.core.connector import Answer, Catalog, Connection, Row
    from m3nop.core.json import Json

DATE_LENGTH = 8
"""YYYYMMDD; the repository counts ten characters."""

_WITH_DECIMALS = "MRS001MI/LstAdtFieldInf"

_YES = frozenset({"1", "Y", "YES", "M", "TRUE"})
_MANY = frozenset({"M", "MULTIPLE"})


def snapshot(
    connection: Connection, catalog: Catalog, programs: Sequence[str], *, now: Instant
) -> dict[str, Json]:
    """Read the transactions and fields of programs; one document a program.

    Raises:
        AccessError: M3 cannot be reached, or refuses who we are.
        ConfigurationError: M3 has no such program, or does not let it be described.
    """
    company = connection.facts().identity.get("company", "")
    asked = [{"MINM": program} for program in programs]
    listed = _ask(connection, catalog, "MRS001MI/LstTransactions", asked)
    documents: dict[str, Json] = {}
    for program, rows in zip(programs, listed, strict=True):
        if not rows:
            msg = f"M3 has no program {program}, or it has no transactions"
            raise ConfigurationError(msg)
        documents[program] = {
            "program": program,
            "company": company,
            "taken_at": to_text(now),
            "transactions": _transactions(connection, catalog, program, rows),
        }
    return documents


def programs(connection: Connection, catalog: Catalog) -> dict[str, str]:
    """List the programs of the tenant with their descriptions.

    Raises:
        AccessError: M3 cannot be reached, or refuses who we are.
        ConfigurationError: M3 refuses to list them.
    """
    (rows,) = _ask(connection, catalog, "MRS001MI/LstPrograms", [{}])
    return {str(row["MINM"]): str(row.get("MIDS", "")) for row in rows}


def _transactions(
    connection: Connection, catalog: Catalog, program: str, rows: Sequence[Row]
) -> dict[str, Json]:
    names = sorted(str(row["TRNM"]) for row in rows)
    about = {str(row["TRNM"]): row for row in rows}
    asked = [{"MINM": program, "TRNM": name, "TRTP": kind} for name in names for kind in ("I", "O")]
    fields = [_fields(found) for found in _listed_fields(connection, catalog, asked)]
    return {
        name: {
            "description": str(about[name].get("TRDS", "")),
            "many": str(about[name].get("SIMU", "")).strip().upper() in _MANY,
            "inputs": fields[2 * n],
            "outputs": fields[2 * n + 1],
        }
        for n, name in enumerate(names)
    }


def _listed_fields(
    connection: Connection, catalog: Catalog, asked: Sequence[Mapping[str, Json]]
) -> list[tuple[Row, ...]]:
    """List fields with their decimals, or without where M3 does not let that be asked."""
    if catalog.operation(_WITH_DECIMALS) is not None:
        answers = list(_answers(connection, catalog, _WITH_DECIMALS, asked))
        if all(answer.outcome is Outcome.DONE for answer in answers):
            return [answer.rows for answer in answers]
    return _ask(connection, catalog, "MRS001MI/LstFields", asked)


def _fields(rows: Sequence[Row]) -> list[Json]:
    return [_field(row) for row in rows]


def _field(row: Row) -> Json:
    kind = str(row.get("TYPE", "")).strip().upper() or None
    length = DATE_LENGTH if kind == "D" else int(row.get("LENG") or 0)
    field: dict[str, Json] = {"name": str(row["FLNM"]), "type": kind, "length": length or None}
    if str(row.get("MAND", "")).strip().upper() in _YES:
        field["mandatory"] = True
    decimals = int(row.get("FLDP") or 0)
    if kind == "N" and decimals:
        field["decimals"] = decimals
    return {**field, "description": str(row.get("FLDS", ""))}


def _ask(
    connection: Connection, catalog: Catalog, name: str, asked: Sequence[Mapping[str, Json]]
) -> list[tuple[Row, ...]]:
    return [_rows(name, answer) for answer in _answers(connection, catalog, name, asked)]


def _answers(
    connection: Connection, catalog: Catalog, name: str, asked: Sequence[Mapping[str, Json]]
) -> Iterator[Answer]:
    operation = catalog.operation(name)
    if operation is None:
        msg = f"the project's own snapshot of MRS001MI lacks {name}; delete it"
        raise ConfigurationError(msg)
    begin = 0
    while begin < len(asked):
        group = asked[begin : begin + connection.group_size(operation)]
        yield from connection.send([Call(str(n), operation, fields) for n, fields in enumerate(group)])
        begin += len(group)


def _rows(name: str, answer: Answer) -> tuple[Row, ...]:
    if answer.outcome is Outcome.DONE:
        return answer.rows
    msg = f"{name} failed: {answer.failure}"
    refused = answer.failure is not None and answer.failure.remedy in {Remedy.BUSINESS, Remedy.CONFIGURATION}
    raise (ConfigurationError if refused else AccessError)(msg)
