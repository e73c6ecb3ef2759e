"""What a mapping looks up and does not find, wherever the look-up stands."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from m3nop.app.gaps import watched
from m3nop.app.previewing import Subject, work_for
from m3nop.app.registry import CONNECTORS
from m3nop.core.records import Record, RecordState
from m3nop.engine.preview import preview
from m3nop.spec import load_project

if TYPE_CHECKING:
    from pathlib import Path

    from m3nop.mapping.pipeline import Pipeline

FILES = {
    "m3nop.yaml": """
version: 1
connections:
  erp: {type: m3, company: 100, division: AAA, url: "sandbox:"}
  shop: {type: nopcommerce, url: "sandbox:"}
environments: {sandbox: {}}
""",
    "pipelines/orders.yaml": """
pipeline: orders
source: {read: shop/orders, as: order}
key: order.id
on_change: ignore
vars: {region: country(order.customer_currency_code)}
steps:
  - id: way
    switch: {from: order.payment_status, lookup: ways}
    cases:
      head:
        - id: head
          read: erp/OIS100MI/LstHead
          fields: {CUNO: {value: W9999}, ORNO: {from: order.store_id, lookup: order_types, missing: review}}
          outputs: [ORNO]
    default:
      - id: other
        read: erp/OIS100MI/LstHead
        fields: {CUNO: {from: order.id, lookup: order_types}}
        outputs: [ORNO]
  - id: lines
    for_each: {in: order.items, as: item, key: item.id}
    read: erp/MMS200MI/GetItmBasic
    fields:
      ITNO: {from: item.sku, lookup: items, missing: default, default: NONE}
      LNCD: {from: item.quantity, unit: item.name}
    outputs: [ITDS]
  - id: back
    call: shop/orders/attribute
    fields:
      order_id: order.id
      store_id: order.store_id
      key: {from: "steps.lines[0].ITDS", lookup: items, missing: review}
      value: {from: order.shipping_method, lookup: labels, missing: reject}
""",
    "lookups/countries.csv": "from,v\nEUR,EU\n",
    "lookups/items.csv": "from,v\nA,B\n",
    "lookups/labels.csv": "from,v\nx,y\n",
    "lookups/order_types.csv": "from,v\n1,W01\n",
    "lookups/units.csv": "from,factor\nBOX,12\nA:TIN,3\n",
    "lookups/ways.csv": "from,v\npaid,head\n",
}


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_project(tmp_path, environment="sandbox", registry=CONNECTORS, environ={}).pipeline(
        "orders", "main"
    )


Missed = set[tuple[str, str, str, bool]]


def missed(pipeline: Pipeline, **members: object) -> Missed:
    """Map a record and return what was looked up in vain: lookup, code, place, whether it refuses."""
    found: Missed = set()

    def told(lookup: str, code: str, place: str, *, refuses: bool) -> None:
        found.add((lookup, code, place, refuses))

    order = {
        "id": 7, "store_id": 1, "customer_currency_code": "EUR", "payment_status": "paid", "shipping_method": "x",
        "items": [{"id": 1, "sku": "A", "quantity": Decimal(24), "name": "BOX"}], **members,
    }  # fmt: skip
    record = Record(
        id=1, pipeline="orders", key="7", store="main", state=RecordState.READY, snapshot=order, fingerprint="",
        created_at=None, seen_at=0, epoch=0,
    )  # fmt: skip
    preview(work_for(Subject(watched(pipeline, told), record, ""), now=0, zone="UTC"))
    return found


def test_a_record_whose_codes_all_have_rows_has_no_gaps(pipeline: Pipeline) -> None:
    assert missed(pipeline) == {("items", "<ITDS>", "back.key", True)}


def test_every_code_without_a_row_is_told_in_one_go(pipeline: Pipeline) -> None:
    items = [
        {"id": 1, "sku": "Z", "quantity": 2, "name": "PAL"},
        {"id": 2, "sku": "A", "quantity": 2, "name": "BOX"},
    ]
    told = missed(pipeline, store_id=9, customer_currency_code="NOK", shipping_method=None, items=items)
    assert told == {
        ("countries", "NOK", "", True),
        ("order_types", "9", "head.ORNO", True),
        ("items", "Z", "lines.ITNO", False),
        ("units", "PAL", "", True),
        ("items", "<ITDS>", "back.key", True),
        ("labels", "", "back.value", True),
    }


def test_a_code_that_chooses_a_branch_is_told_and_the_other_branch_is_looked_at(pipeline: Pipeline) -> None:
    told = missed(pipeline, payment_status="voided")
    assert {("ways", "voided", "", True), ("order_types", "7", "other.CUNO", True)} <= told
