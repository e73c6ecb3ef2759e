"""Checks the codes that the pipelines can send: whether M3 knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from m3nop.app.doctor.asking import Asker, said
from m3nop.app.doctor.findings import Finding, failed, ok, warning
from m3nop.app.usage import codes_of
from m3nop.core.connector import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.app.usage import UsedCode
    from m3nop.core.clock import Instant
    from m3nop.mapping.pipeline import Pipeline


class Table(Struct, frozen=True):
    """A list of M3 that holds every code of a field."""

    name: str
    program: str
    """Where a person looks in M3."""
    transaction: str
    column: str
    fields: Mapping[str, str] = field(default_factory=dict)


def _general(name: str, program: str, code: str) -> Table:
    return Table(name, program, "CRS175MI/LstGeneralCode", "STKY", {"STCO": code})


TABLES: Mapping[str, Table] = {
    "ORTP": Table("order types", "OIS010", "OIS010MI/LstOrderTypes", "ORTP"),
    "FACI": Table("facilities", "CRS008", "CRS008MI/ListFacility", "FACI"),
    "WHLO": Table("warehouses", "MMS005", "MMS005MI/LstWarehouses", "WHLO"),
    "CRID": Table("charges", "OIS030", "OIS030MI/LstOrderCharges", "CRID"),
    "CSCD": Table("countries", "CRS045", "CRS045MI/LstByCode", "CSCD"),
    "CUCD": _general("currencies", "CRS055", "CUCD"),
    "TEPY": _general("payment terms", "CRS075", "TEPY"),
    "PYCD": _general("payment methods", "CRS076", "PYCD"),
    "MODL": _general("delivery methods", "CRS070", "MODL"),
    "TEDL": _general("delivery terms", "CRS065", "TEDL"),
}
CUSTOMERS: Mapping[str, str] = {"CUTM": "template customer", "CUNO": "customer of the settings"}

_ACTIVE = "20"
_EVERY_ORDER = frozenset({"ORTP"})
"""Without one of these codes no order of a store can be entered."""


def check_codes(asker: Asker, pipelines: list[Pipeline], *, now: Instant) -> Iterator[Finding]:
    """Check the codes that settings, lookups and pipelines name."""
    fields = (*CUSTOMERS, *TABLES)
    used = codes_of(pipelines, frozenset(fields), now=now)
    for name in fields:
        codes = [code for code in used if (code.connection, code.field) == (asker.connection, name)]
        if codes and name in CUSTOMERS:
            yield from _check_customers(asker, codes)
        elif codes:
            yield _check_table(asker, TABLES[name], codes)


def _check_customers(asker: Asker, codes: Sequence[UsedCode]) -> Iterator[Finding]:
    origins: dict[str, UsedCode] = {code.code: code for code in codes}
    answers = asker.ask_all("CRS610MI/GetBasicData", [{"CUNO": number} for number in origins])
    for code, answer in zip(origins.values(), answers, strict=True):
        what = CUSTOMERS[code.field]
        subject = f"{code.code} ({code.origin})"
        if answer.outcome is not Outcome.DONE:
            yield warning(
                what, subject, f"it could not be looked up: {said(answer)}", "let the M3 user read CRS610MI"
            )
        elif not answer.rows:
            remedy = f"create it in CRS610, or name another in {code.origin}"
            yield failed(what, subject, "M3 has no such customer", remedy)
        elif str(answer.rows[0].get("STAT")) != _ACTIVE:
            detail = f"its status is {answer.rows[0].get('STAT')}"
            yield failed(what, subject, detail, f"set it to {_ACTIVE} in CRS610")
        else:
            yield ok(what, subject, str(answer.rows[0].get("CUNM") or ""))


def _check_table(asker: Asker, table: Table, codes: Sequence[UsedCode]) -> Finding:
    answer = asker.ask(table.transaction, table.fields)
    origins = ", ".join(dict.fromkeys(code.origin for code in codes))
    if answer.outcome is not Outcome.DONE:
        remedy = (
            f"let the M3 user call {table.transaction}, or compare {origins} with {table.program} by hand"
        )
        return warning(table.name, origins, f"they could not be looked up: {said(answer)}", remedy)
    known = {str(row.get(table.column) or "").strip() for row in answer.rows}
    unknown = [code for code in codes if code.code.strip() not in known]
    if not unknown:
        return ok(table.name, origins, f"M3 knows all {len({code.code for code in codes})}")
    missing = ", ".join(dict.fromkeys(code.code for code in unknown))
    blamed = ", ".join(dict.fromkeys(code.origin for code in unknown))
    detail, remedy = f"M3 does not know {missing}", f"correct {blamed}, or add them in {table.program}"
    serious = any(code.field in _EVERY_ORDER or not code.origin.startswith("lookup ") for code in unknown)
    return (failed if serious else warning)(table.name, origins, detail, remedy)
