"""GLS840MI: ledger batches, entered in lines, checked, and posted once.

KEY1 is unique in the company, so a repeated AddBatchHead is refused. Assumptions: the states of a batch
(``ENTERED`` and the others); an interface takes lines of fields and lines of fixed text; CtrlBatch refuses
with the first error it finds; lines with the same GRNR make one voucher; UpdBatch checks again, because
a period may have been closed since, and refuses a batch that was posted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.sandbox.m3.programs import ledger
from m3nop.sandbox.m3.refusal import RefusalError, exists_already, is_not_valid, refused
from m3nop.sandbox.m3.session import Handler, Record, Row, Session, Tables

if TYPE_CHECKING:
    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.world import World

ENTERED, WRONG, CHECKED, UPDATING, POSTED = "10", "15", "20", "30", "90"
"""States of a batch (FGLINH)."""

_UPDATE = "m3.ledger_batch"
_EVENT, _FUNCTION = "GL84", 840


def add_batch_head(session: Session, record: Record) -> list[Row]:
    """Create a batch under a key of the caller's choice."""
    tables = session.tables
    ledger.check_division(session, record)
    session.require(tables.finance.interfaces, "INTN", record["INTN"])
    if record["KEY1"] in tables.finance.batches:
        msg = "KEY1"
        raise exists_already(msg, record["KEY1"])
    tables.finance.batches[record["KEY1"]] = {
        "DIVI": session.division, **_without_company(record), "STAT": ENTERED, "vouchers": [], "errors": [],
        **session.created(),
    }  # fmt: skip
    return [{"CONO": session.company}]


def add_batch_line(session: Session, record: Record) -> list[Row]:
    """Add a line of fixed text, laid out as the batch's interface says."""
    batch = _open_batch(session, record)
    layout: list[tuple[str, int]] = session.tables.finance.interfaces[batch["INTN"]]["layout"]
    fields, rest = {}, record["PARM"]
    for name, length in layout:
        value, rest = rest[:length].strip(), rest[length:]
        if value:
            fields[name] = value
    if rest.strip():
        text = f"The line is longer than interface {batch['INTN']} says"
        raise refused(text, "WPR0101", "PARM")
    _add_line(session, batch, {"KEY1": record["KEY1"], "LINE": record["LINE"], **fields})
    return [{"CONO": session.company}]


def add_batch_line_of_fields(session: Session, record: Record) -> list[Row]:
    """Add a line of fields."""
    ledger.check_division(session, record)
    _add_line(session, _open_batch(session, record), record)
    return []


def control_batch(session: Session, record: Record) -> list[Row]:
    """Check a batch; what is wrong with it is the refusal."""
    batch = _open_batch(session, record)
    _vouchers(session, batch)
    _keep(session, batch, CHECKED)
    return [{"CONO": session.company}]


def update_batch(session: Session, record: Record) -> list[Row]:
    """Post a batch, at once or in the background."""
    batch = _open_batch(session, record)
    vouchers = _vouchers(session, batch)
    background = session.world.fault("background_update")
    if background:
        session.world.later(_UPDATE, {"KEY1": batch["KEY1"]}, seconds=background.seconds)
        _keep(session, batch, UPDATING)
    else:
        _post(session, batch, vouchers)
    return [{"CONO": session.company}]


def finish_update(world: World, tables: Tables) -> None:
    """Let updates that were left to the background finish in ``world``."""

    def finish(detail: dict[str, Any]) -> None:
        session = Session(world, tables)
        batch = tables.finance.batches.get(detail["KEY1"])
        if batch is None or batch["STAT"] != UPDATING:
            return
        # A refusal is kept with the batch: nobody waits for the answer any more.
        try:
            _post(session, batch, _vouchers(session, batch))
        except RefusalError:
            return

    world.effects[_UPDATE] = finish


HANDLERS: dict[tuple[str, str], Handler] = {
    ("GLS840MI", "AddBatchHead"): add_batch_head,
    ("GLS840MI", "AddBatchLine"): add_batch_line,
    ("GLS840MI", "AddBatchLineFld"): add_batch_line_of_fields,
    ("GLS840MI", "CtrlBatch"): control_batch,
    ("GLS840MI", "UpdBatch"): update_batch,
}


def _open_batch(session: Session, record: Record) -> Doc:
    batch = session.require(session.tables.finance.batches, "KEY1", record["KEY1"])
    if batch["STAT"] in {UPDATING, POSTED}:
        text = f"Batch {batch['KEY1']} is {'posted' if batch['STAT'] == POSTED else 'being posted'} already"
        raise refused(text, "WKE0105", "KEY1")
    return batch


def _add_line(session: Session, batch: Doc, record: Record) -> None:
    tables = session.tables
    kinds: list[str] = tables.finance.interfaces[batch["INTN"]]["records"]
    if record.get("INRI") not in kinds:
        msg = "INRI"
        raise is_not_valid(msg, record.get("INRI", ""))
    number = session.whole("LINE", record)
    key = f"{batch['KEY1']}/{number:07}"
    if key in tables.finance.batch_lines:
        msg = "LINE"
        raise exists_already(msg, record["LINE"])
    line = {**_without_company(record), "KEY1": batch["KEY1"], "LINE": number}
    tables.finance.batch_lines[key] = {**line, **session.created()}
    _keep(session, batch, ENTERED)


def _vouchers(session: Session, batch: Doc) -> list[list[Row]]:
    lines = session.tables.finance.batch_lines.select(("KEY1", "=", batch["KEY1"]), order=("LINE",))
    groups: dict[str, list[Row]] = {}
    try:
        for line in lines:
            groups.setdefault(line.get("GRNR", ""), []).append(_checked(session, line))
        if not groups:
            text = f"Batch {batch['KEY1']} has no lines"
            raise refused(text, "WLI0102", "LINE")
        for postings in groups.values():
            ledger.check_balance(postings)
    except RefusalError as error:
        _keep(session, batch, WRONG, errors=[{"MSID": error.code, "TX60": error.text[:60]}])
        raise
    return list(groups.values())


def _checked(session: Session, line: Doc) -> Row:
    try:
        return ledger.checked(session, line)
    except RefusalError as error:
        text = f"Line {line['LINE']}: {error.text}"
        raise refused(text, error.code, error.field) from error


def _post(session: Session, batch: Doc, vouchers: list[list[Row]]) -> None:
    series: str = session.tables.finance.interfaces[batch["INTN"]]["VSER"]
    origin = ledger.Origin(_EVENT, _FUNCTION, series, batch["INTN"][:10])
    posted = [ledger.post(session, postings, origin) for postings in vouchers]
    _keep(session, batch, POSTED, vouchers=posted)


def _keep(session: Session, batch: Doc, status: str, **more: list[Row]) -> None:
    changed = {**batch, "errors": [], **more, "STAT": status}
    session.tables.finance.batches[batch["KEY1"]] = session.changed(changed)


def _without_company(record: Record) -> Doc:
    return {field: value for field, value in record.items() if field != "CONO"}
