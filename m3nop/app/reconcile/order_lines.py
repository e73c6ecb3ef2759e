"""The lines and amounts of an order: what the mapping makes of the shop's, and what M3 has."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from msgspec import Struct, field

from m3nop.app.reconcile.asking import TABLE, Question
from m3nop.engine.compare import comparable
from m3nop.mapping.pipeline import Target, walk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.app.reconcile.bench import Bench, Case
    from m3nop.core.connector import Row
    from m3nop.core.json import Json
    from m3nop.engine.preview import Planned
    from m3nop.mapping.pipeline import Pipeline, Step

LIST_LINES = "OIS100MI/LstLine"
LIST_CHARGES = "OIS100MI/LstOrderCharge"
LINE_TABLE = f"{TABLE}OOLINE"
_PREFIX = "OB"
_KNOWN = ("CUPO", "ITNO", "ORQT", "SAPR")
"""Fields of a line that are the same in what is entered and in what M3 lists."""
_ENDED = "90"
"""ORST from here on: deleted or closed before anything was delivered."""
_CENT = Decimal("0.01")
"""M3 rounds the amount of each line (NLAM)."""
_DEFAULT_TOLERANCE = Decimal("0.05")


class Order(Struct):
    """What one side has of an order."""

    lines: list[Mapping[str, Json]] = field(default_factory=list)
    goods: Decimal | None = None
    """What the lines come to, where every one has a price."""
    charges: Decimal = Decimal(0)


def line_step(pipeline: Pipeline) -> Step | None:
    """Return the step that enters the lines: one that is verified, else one with items and quantities."""
    loops = [step for step in walk(pipeline.steps) if step.for_each is not None and step.call is not None]
    verified = next((step for step in loops if step.verify is not None), None)
    return verified or next((step for step in loops if {"ITNO", "ORQT"} <= _names(step)), None)


def _names(step: Step) -> set[str]:
    return {rule.name for rule in step.request.fields}


def compared_fields(step: Step) -> tuple[str, ...]:
    """Name what is compared of a line: what the pipeline itself verifies, else what both sides have."""
    names = step.verify.compare if step.verify is not None else _KNOWN
    return tuple(name for name in names if name in _names(step))


def expected(pipeline: Pipeline, planned: Sequence[Planned]) -> Order:
    """Take what should be in M3 from the calls that enter it."""
    step, order, goods = line_step(pipeline), Order(), Decimal(0)
    priced = True
    for call in planned:
        if call.skipped:
            continue
        if step is not None and call.path.split("/")[0] == step.id:
            order.lines.append(call.fields)
            total = line_total(call.fields)
            priced = priced and total is not None
            goods += total or Decimal(0)
        elif "CRAM" in call.fields:
            order.charges += number(call.fields["CRAM"])
    order.goods = goods if priced else None
    return order


def line_total(fields: Mapping[str, Json]) -> Decimal | None:
    """Return what a line comes to, or None where its price is M3's own, or for another unit than ORQT.

    Percentages (DIP1 to DIP6) lower the price one after the other, amounts (DIA1 to DIA6) the whole line.
    """
    price, quantity = fields.get("SAPR"), fields.get("ORQT")
    unit = fields.get("ALUN")
    if price is None or quantity is None or (unit and fields.get("SPUN") != unit):
        return None
    net = number(price)
    for place in range(1, 7):
        net *= 1 - number(fields.get(f"DIP{place}")) / 100
    amounts = sum((number(fields.get(f"DIA{place}")) for place in range(1, 7)), Decimal(0))
    return (net * number(quantity) - amounts).quantize(_CENT, ROUND_HALF_UP)


def actual(bench: Bench, connection: str, numbers: Sequence[str], *, charges: bool) -> dict[str, Order]:
    """Read the lines of real orders, and their charges where the pipeline enters any."""
    orders = {one: Order(goods=Decimal(0)) for one in numbers}
    for one, row in _lines(bench, connection, numbers):
        if str(row.get("ORST") or "") >= _ENDED:
            continue
        orders[one].lines.append(row)
        orders[one].goods = (orders[one].goods or Decimal(0)) + number(row.get("NLAM"))
    if charges:
        listing = bench.operation(connection, LIST_CHARGES)
        questions = [
            Question(Target(connection, listing), {"ORNO": one}) for one in numbers if listing is not None
        ]
        for one, rows in zip(numbers, bench.ask(questions), strict=False):
            orders[one].charges = sum((number(row.get("PBAM")) for row in rows), Decimal(0))
    return orders


def _lines(bench: Bench, connection: str, numbers: Sequence[str]) -> list[tuple[str, Mapping[str, Json]]]:
    table = bench.operation(connection, LINE_TABLE)
    if table is not None:
        names = (*_KNOWN, "ORQA", "NLAM", "ORST", "PONR")
        columns = tuple(f"{_PREFIX}{name}" for name in names)
        questions = [Question(Target(connection, table), {"OBORNO": one}, columns) for one in numbers]
    else:
        listing = bench.operation(connection, LIST_LINES)
        if listing is None:
            return []
        questions = [Question(Target(connection, listing), {"ORNO": one}) for one in numbers]
    return [
        (one, _line(row, _PREFIX if table is not None else ""))
        for one, rows in zip(numbers, bench.ask(questions), strict=True)
        for row in rows
    ]


def _line(row: Row, prefix: str) -> dict[str, Json]:
    line = {name.removeprefix(prefix): value for name, value in row.items()}
    # What was ordered is in the unit of the line; ORQT is in the item's basic unit once the order is real.
    if number(line.get("ORQA")):
        line["ORQT"] = line["ORQA"]
    return line


def compare_lines(names: Sequence[str], wanted: Order, found: Order) -> list[str]:
    """Say line by line what differs (``line 2 LAMP: ORQT 2 in the shop, 3 in M3``)."""
    by = "CUPO" if "CUPO" in names and all("CUPO" in line for line in wanted.lines) else "ITNO"
    ours, theirs = _by(by, wanted.lines), _by(by, found.lines)
    texts: list[str] = []
    for one in sorted({*ours, *theirs}):
        for ours_one, theirs_one in _pairs(ours.get(one, []), theirs.get(one, [])):
            texts.extend(_differs(names, one if by == "CUPO" else "", ours_one, theirs_one))
    return texts


def _by(name: str, lines: Sequence[Mapping[str, Json]]) -> dict[str, list[Mapping[str, Json]]]:
    found: dict[str, list[Mapping[str, Json]]] = defaultdict(list)
    for line in lines:
        found[str(comparable(line.get(name)))].append(line)
    return found


def _pairs(
    ours: Sequence[Mapping[str, Json]], theirs: Sequence[Mapping[str, Json]]
) -> list[tuple[Mapping[str, Json] | None, Mapping[str, Json] | None]]:
    count = max(len(ours), len(theirs))
    return [
        (ours[at] if at < len(ours) else None, theirs[at] if at < len(theirs) else None)
        for at in range(count)
    ]


def _differs(
    names: Sequence[str], position: str, ours: Mapping[str, Json] | None, theirs: Mapping[str, Json] | None
) -> list[str]:
    known = ours or theirs or {}
    line = " ".join(part for part in ("line", position, str(known.get("ITNO") or "").strip()) if part)
    if theirs is None:
        return [f"{line}: not in M3"]
    if ours is None:
        return [f"{line}: not in the shop"]
    return [
        f"{line}: {name} {shown(ours[name])} in the shop, {shown(theirs.get(name))} in M3"
        for name in names
        if name in ours and comparable(ours[name]) != comparable(theirs.get(name))
    ]


def compare_amounts(case: Case, wanted: Order, found: Order) -> list[str]:
    """Say by how much the totals differ, where more than the site tolerates."""
    if wanted.goods is None or found.goods is None:
        return []
    tolerance, texts = tolerance_of(case), []
    for what, ours, theirs in (
        ("goods", wanted.goods, found.goods), ("charges", wanted.charges, found.charges),
    ):  # fmt: skip
        if abs(ours - theirs) > tolerance:
            texts.append(f"{what}: {ours:.2f} from the shop, {theirs:.2f} in M3")
    return texts


def tolerance_of(case: Case) -> Decimal:
    """Return by how much the totals of an order may differ."""
    settings = case.work.pipeline.settings if case.work is not None else {}
    return number(settings.get("tolerance", _DEFAULT_TOLERANCE))


def number(value: Json) -> Decimal:
    """Return a value as a number; what is none is zero."""
    found = comparable(value)
    return found if isinstance(found, Decimal) else Decimal(0)


def shown(value: Json) -> str:
    """Write a value for a person: numbers without an exponent."""
    found = comparable(value)
    return f"{found:f}" if isinstance(found, Decimal) else str(found) or "blank"
