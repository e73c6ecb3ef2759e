"""MRS001MI: what programs, transactions and fields there are, told from the double's own tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.m3.descriptions import describe
from m3nop.sandbox.m3.interface import Field, Program, Transaction, parse
from m3nop.sandbox.m3.refusal import does_not_exist, is_not_valid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from m3nop.sandbox.m3.session import Handler, Record, Row, Session

_MRS001MI = """
LstPrograms list List programs
  out MINM:A10 MIDS:A60 VERS:A4 LMDT:D8
LstTransactions list List transactions of a program
  in MINM:A10* INCG:A1
  out MINM:A10 TRNM:A15 TRDS:A60 VERS:A4 STAT:N2 SIMU:A1 LMDT:D8
LstFields list List fields of a transaction
  in MINM:A10* TRNM:A15* TRTP:A1*
  out MINM:A10 TRNM:A15 TRTP:A1 FLNM:A10 FLDS:A60 FRPO:N3 TOPO:N3 LENG:N3 TYPE:A1 MAND:A1 LMDT:D8
LstAdtFieldInf list List fields of a transaction with more about them
  in MINM:A10* TRNM:A15* TRTP:A1* LNCD:A2 FILE:A10
  out FLNM:A10 FLDS:A60 FRPO:N3 TOPO:N3 LENG:N3 FLDP:N2 TYPE:A1 MAND:A1 FLDX:N1 TX15:A15
"""

PROGRAMS = (parse("MRS001MI", "Repository interface", _MRS001MI),)

_VERSION, _CHANGED = "16", 20260105
# A transaction's fields follow its name in the old fixed-position message.
_FIRST_POSITION = 16


def handlers(programs: Mapping[str, Program]) -> dict[tuple[str, str], Handler]:
    """Return the transactions that tell about ``programs``."""

    def list_programs(_session: Session, _record: Record) -> list[Row]:
        return [_program(program) for program in programs.values()]

    def list_transactions(_session: Session, record: Record) -> list[Row]:
        owner = _owner(programs, record)
        owners = [owner, programs["GENERAL"]] if record.get("INCG") == "1" else [owner]
        return [_transaction(owner, entry) for each in owners for entry in each.transactions.values()]

    def list_fields(_session: Session, record: Record) -> list[Row]:
        named = {name: record[name] for name in ("MINM", "TRNM", "TRTP")}
        return [{**named, **row, "LMDT": _CHANGED} for row in _fields(_selected(programs, record))]

    def list_fields_with_more(_session: Session, record: Record) -> list[Row]:
        return [
            {**row, "FLDP": "2" if row["TYPE"] == "N" and row["LENG"] > 11 else "0", "FLDX": "1"}  # noqa: PLR2004
            for row in _fields(_selected(programs, record))
        ]

    return {
        ("MRS001MI", "LstPrograms"): list_programs,
        ("MRS001MI", "LstTransactions"): list_transactions,
        ("MRS001MI", "LstFields"): list_fields,
        ("MRS001MI", "LstAdtFieldInf"): list_fields_with_more,
    }


def _owner(programs: Mapping[str, Program], record: Record) -> Program:
    if record["MINM"] not in programs:
        msg = "MINM"
        raise does_not_exist(msg, record["MINM"])
    return programs[record["MINM"]]


def _selected(programs: Mapping[str, Program], record: Record) -> Iterable[Field]:
    owner = _owner(programs, record)
    transaction = owner.transactions.get(record["TRNM"]) or programs["GENERAL"].transactions.get(
        record["TRNM"]
    )
    if transaction is None:
        msg = "TRNM"
        raise does_not_exist(msg, record["TRNM"])
    if record["TRTP"] not in {"I", "O"}:
        msg = "TRTP"
        raise is_not_valid(msg, record["TRTP"])
    return (transaction.inputs if record["TRTP"] == "I" else transaction.outputs).values()


def _program(program: Program) -> Row:
    return {"MINM": program.name, "MIDS": program.description, "VERS": _VERSION, "LMDT": _CHANGED}


def _transaction(owner: Program, transaction: Transaction) -> Row:
    return {
        "MINM": owner.name,
        "TRNM": transaction.name,
        "TRDS": transaction.description,
        "VERS": _VERSION,
        "STAT": "20",
        "SIMU": "M" if transaction.multiple else "S",
        "LMDT": _CHANGED,
    }


def _fields(fields: Iterable[Field]) -> list[Row]:
    rows: list[Row] = []
    position = _FIRST_POSITION
    for field in fields:
        last = position + field.length - 1
        rows.append(
            {
                "FLNM": field.name,
                "FLDS": describe(field.name),
                "TX15": describe(field.name)[:15],
                "FRPO": position,
                "TOPO": last,
                "LENG": field.length,
                "TYPE": field.type,
                "MAND": "1" if field.mandatory else "0",
            }
        )
        position = last + 1
    return rows
