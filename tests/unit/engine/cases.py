"""Small pipelines compiled from text, and records whose call logs are written by hand."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from m3nop.connectors.m3 import M3
from m3nop.connectors.nopcommerce import NOPCOMMERCE
from m3nop.core.clock import MINUTE, parse_instant
from m3nop.core.connector import StoreRef
from m3nop.core.records import Attempt, AttemptState, CallState, Link, LoggedCall, Record, RecordState
from m3nop.engine.advance import advance
from m3nop.engine.work import Work
from m3nop.mapping.lookups import Lookup
from m3nop.mapping.pipeline import Pipeline, walk
from m3nop.spec.compile import compile_tree
from m3nop.spec.desk import Site
from m3nop.spec.loader import load_text

if TYPE_CHECKING:
    from m3nop.engine.actions import Action

NOW = parse_instant("2026-11-23T09:00:00Z")
SETTLE = 5 * MINUTE
"""How long a request to the ERP of these tests can be under way."""
TEMPORARY, REAL = "0000104711", "0010004711"

ORDERS = """
pipeline: orders
source: {read: shop/orders, as: order, recheck: {every: 10m}}
key: order.id
reference: upper(concat(store.code, '-', order.id))
steps:
  - id: head
    call: erp/OIS100MI/AddBatchHead
    fields: {CUNO: {value: W1042}, ORTP: {value: W01}, CUOR: reference}
    outputs: [ORNO]
    probe: temporary
    undo: {call: erp/OIS100MI/DelBatchHead, fields: {ORNO: steps.head.ORNO}}
  - id: lines
    for_each: {in: order.items, as: item, key: item.id}
    call: erp/OIS100MI/AddBatchLine
    fields: {ORNO: steps.head.ORNO, ITNO: item.sku, ORQT: item.quantity, SAPR: item.unit_price_excl_tax, CUPO: position}
    outputs: [PONR]
    verify:
      read: erp/OIS100MI/LstBatchLine
      fields: {ORNO: steps.head.ORNO}
      compare: [CUPO, ITNO, ORQT, SAPR]
  - id: confirm
    call: erp/OIS100MI/Confirm
    fields: {ORNO: steps.head.ORNO}
    outputs: {order_number: ORNO, state: STAT}
    commit: true
    expect:
      - {condition: "result.state != '15'", message: M3 found errors, on_fail: reject}
      - {condition: "result.state != '30'", message: the customer's credit is stopped, on_fail: review}
    pending_when: is_blank(result.order_number)
    probe: confirmed
  - id: note
    call: shop/orders/attribute
    fields: {order_id: order.id, store_id: order.store_id, key: {value: M3}, value: steps.confirm.order_number}
probes:
  temporary:
    table: erp/OXHEAD
    where: {OACUOR: reference}
    outputs: {ORNO: OAORNO, CUNO: OACUNO}
    agree: {CUNO: steps.head.fields.CUNO}
    proves_absence: true
  real:
    table: erp/OOHEAD
    where: {OACUOR: reference}
    outputs: {order_number: OAORNO, CUNO: OACUNO}
    agree: {CUNO: steps.head.fields.CUNO}
    proves_absence: true
  confirmed:
    read: erp/OIS275MI/GetTmpOrderStat
    fields: {ORNO: steps.head.ORNO}
    outputs: {order_number: ORNR, state: STAT}
double_check: {temporary: temporary, real: real, when: always}
link: {shop: order.id, m3: steps.confirm.order_number}
"""
"""A document entered in steps: head, lines, commit, and a note in the shop."""

SNAPSHOT: dict[str, Any] = {
    "id": 1042,
    "store_id": 1,
    "customer_id": 17,
    "created_on_utc": "2026-11-23T08:00:00Z",
    "items": [
        {"id": 2001, "sku": "TENT-2P", "quantity": 1, "unit_price_excl_tax": "149.50"},
        {"id": 2002, "sku": "MAT-FOAM", "quantity": 2, "unit_price_excl_tax": "19.90"},
    ],
}


def compiled(text: str, *, table_reads: bool = True, settings: Any = None, lookups: Any = None) -> Pipeline:
    """Compile the text of a pipeline against the catalogs of the real connectors."""
    document = load_text(text, file="pipelines/orders.yaml")
    assert document.root is not None, document.problems
    site = Site(
        store=StoreRef("b2c", 1),
        environment="sandbox",
        settings=settings or {},
        lookups={
            name: Lookup(name, rows={code: {"value": value} for code, value in rows.items()})
            for name, rows in (lookups or {}).items()
        },
        catalogs={
            "erp": M3.catalog(M3.config(url="sandbox:", table_reads=table_reads), metadata={}),
            "shop": NOPCOMMERCE.catalog(NOPCOMMERCE.config(url="sandbox:"), metadata={}),
        },
        pipelines=frozenset({"orders", "customers"}),
    )
    made = compile_tree(document.root, site)
    assert made.pipeline is not None, made.problems
    return made.pipeline


def steps(text: str, *, vars_: str = "", checks: str = "") -> Pipeline:
    """Compile a pipeline without a commit from its steps alone."""
    head = "pipeline: orders\nsource: {read: shop/orders, as: order, recheck: {every: 10m}}\nkey: order.id\n"
    link = "link: {shop: order.id, m3: order.id}\n"
    return compiled(
        f"{head}{vars_}{checks}steps:\n{text}{link}",
        settings={"warehouse": "001"},
        lookups={"ways": {"Ground": "post", "Air": "plane"}},
    )


class Case:
    """One record, its attempt and what is known of its calls."""

    def __init__(self, pipeline: Pipeline, **snapshot: Any) -> None:
        self.now = NOW
        self.work = Work(
            pipeline,
            Record(
                id=7, pipeline="orders", key="1042", store="b2c", state=RecordState.IN_FLIGHT,
                snapshot={**SNAPSHOT, **snapshot}, fingerprint="f", created_at=NOW, seen_at=NOW, epoch=3, attempt_id=70,
            ),
            Attempt(
                id=70, record_id=7, number=1, state=AttemptState.OPEN, opened_at=NOW, snapshot={**SNAPSHOT, **snapshot},
                definition=pipeline.digest, reference="B2C-1042", epoch=3,
            ),
            settle_after={"erp": SETTLE},
        )  # fmt: skip
        self._targets = {
            step.id: request.target
            for step in walk(pipeline.steps)
            for request in (step.call or step.read,)
            if request is not None
        }
        self._undos = {step.id: step.undo.target for step in walk(pipeline.steps) if step.undo is not None}

    def log(
        self, path: str, state: CallState = CallState.DONE, *, sent: int = 0, failure: Any = None,
        fields: Any = None, **row: Any,
    ) -> Case:  # fmt: skip
        """Write a line of the call log; ``sent`` is how many microseconds ago it was sent."""
        kind, _, rest = path.partition(":")
        step = rest or self.work.step_at(path).id
        undoing = kind in ("undo", "surplus")
        target = next(iter(self._undos.values())) if undoing else self._targets[step]
        rows = row.pop("rows", [row] if row else [])
        self.work.record_line(
            LoggedCall(
                id=f"c{len(self.work.log)}", record_id=7, attempt_id=70, run_id=1, step=path,
                connection=target.connection, operation=target.operation.name, effect=str(target.operation.effect),
                fields=fields or {}, state=state, sent_at=self.now - sent, rows=rows, failure=failure,
            )
        )  # fmt: skip
        self.work.walk_again()
        return self

    def entered(self, *, until: str = "lines") -> Case:
        """Write what an attempt that went well has logged up to its lines, or only its head."""
        self.log("head", fields={"CUNO": "W1042", "ORTP": "W01", "CUOR": "B2C-1042"}, ORNO=TEMPORARY)
        if until == "lines":
            for position, item in enumerate(self.work.attempt.snapshot["items"], start=1):
                self.log(f"lines/{item['id']}", fields=line(position, item), PONR=position)
        return self

    def alone(self, when: str = "commit") -> Case:
        """Let the double check find this attempt's own temporary document, and nothing else."""
        own = self.work.taken("head")
        mine = [{"ORNO": own.rows[0]["ORNO"], "CUNO": "W1042", "_owner": 7}] if own else []
        return self.found(f"check:{when}:temporary", *mine).found(f"check:{when}:real")

    def confirmed(self, *, number: str = REAL, state: str = "90") -> Case:
        """Write that the commit was answered."""
        self.log("confirm", fields={"ORNO": TEMPORARY}, ORNO=number, STAT=state)
        self.work.attempt.committed = bool(number)
        return self

    def found(self, path: str, *rows: dict[str, Any], ago: int = 0) -> Case:
        """Answer a look-up, which was sent so many microseconds ago, with rows."""
        self.work.checked[path], self.work.asked_at[path] = list(rows), self.now - ago
        return self

    def link(self, pipeline: str, key: str, m3: str) -> Case:
        """Say what a record of another pipeline is linked with."""
        self.work.links[pipeline, key] = Link(pipeline, key, key, m3, NOW)
        return self

    def older(self) -> Case:
        """Say that the state was restored since the record was read."""
        self.work.record.epoch, self.work.older_epoch = 2, True
        return self

    def numbered(self, number: int) -> Case:
        """Say that it is not the first attempt."""
        self.work.attempt.number = number
        self.work = self.copy().work
        return self

    def undoing(self, then: str = "ready") -> Case:
        """Say that the attempt is being taken back."""
        self.work.attempt.state, self.work.attempt.then = AttemptState.UNDOING, then
        return self

    def next(self) -> Action:
        """Return what comes next; a walk from the beginning must come to the same."""
        fresh = self.copy().work
        fresh.walk_again()
        doubts = self.work.record.doubts
        action = advance(self.work, self.now)
        assert action == advance(fresh, self.now)
        assert self.work.record.doubts - doubts in (0, 1)
        return action

    def copy(self) -> Case:
        """Return a case with the same log that shares nothing that changes."""
        other = object.__new__(Case)
        other.__dict__.update(self.__dict__)
        work = self.work
        other.work = Work(
            work.pipeline, replace(work.record), replace(work.attempt), lines=deepcopy(list(work.log.values())),
            settle_after={"erp": SETTLE}, sweeping=work.sweeping,
        )  # fmt: skip
        other.work.asked_at = dict(work.asked_at)
        other.work.checked = deepcopy(work.checked)
        other.work.links.update(work.links)
        other.work.predates = work.predates
        other.work.outdated, other.work.blind = work.outdated, work.blind
        return other


def line(position: int, item: dict[str, Any]) -> dict[str, str]:
    """Return the fields that a line of ``ORDERS`` is sent with, as M3 lists them."""
    return {
        "ORNO": TEMPORARY, "ITNO": item["sku"], "ORQT": str(item["quantity"]),
        "SAPR": str(item["unit_price_excl_tax"]), "CUPO": str(position),
    }  # fmt: skip
