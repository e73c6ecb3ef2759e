"""The lines of a payment in the ledger balance, whatever was paid, refunded and kept as a fee."""

from __future__ import annotations

import functools
import json
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from m3nop.app.pack import pack_folder
from m3nop.app.registry import CONNECTORS
from m3nop.core.records import Attempt, AttemptState, Record, RecordState
from m3nop.engine.work import Work
from m3nop.spec.project import load_project

if TYPE_CHECKING:
    from m3nop.mapping.pipeline import Pipeline

CENT = Decimal("0.01")
MONEY = st.decimals(min_value="0.01", max_value="999999.99", places=2)
RATE = st.decimals(min_value="0", max_value="30", places=3)
"""Percent."""


@functools.cache
def shipped() -> Pipeline:
    project = load_project(pack_folder(), environment="sandbox", registry=CONNECTORS, environ={})
    return project.pipeline("payments", "b2c")


def with_accounts(**row: str) -> Pipeline:
    """Give the shipped pipeline other rates for a payment method."""
    text = json.loads(shipped().definition)
    rows = text["lookups"]["payment_accounts"]["rows"]
    rows["M"] = {**dict.fromkeys(rows["Payments.Manual"], ""), **row}
    project = load_project(pack_folder(), environment="sandbox", registry=CONNECTORS, environ={})
    return project.compile_definition(json.dumps(text))


def variables(pipeline: Pipeline, order: dict[str, object], remembered: dict[str, Decimal]) -> dict:
    snapshot = {"id": 1042, "payment_method": "M", "paid_date_utc": "2026-11-23T09:00:00Z", **order}
    record = Record(
        id=1, pipeline="payments", key="1042", store="b2c", partition="", state=RecordState.READY,
        snapshot=snapshot, fingerprint="", created_at=None, seen_at=0, epoch=1, remembered=remembered,
    )  # fmt: skip
    attempt = Attempt(
        id=0, record_id=1, number=1, state=AttemptState.OPEN, opened_at=1_795_424_400_000_000,
        snapshot=snapshot, definition="", reference="B2C-1042", epoch=1,
    )  # fmt: skip
    return Work(pipeline, record, attempt).root()["vars"]


@settings(deadline=None, max_examples=60)
@given(MONEY, st.fractions(0, 1), st.fractions(0, 1), st.tuples(RATE, MONEY, RATE))
def test_whatever_moves_the_lines_balance_and_come_to_what_moved(paid, part, before, rates):
    percent, fixed, vat = rates
    pipeline = with_accounts(
        account="1942", fee_account="6570", vat_account="2641", fee_percent=str(percent),
        fee_fixed=str(fixed), vat_percent=str(vat),
    )  # fmt: skip
    refunded = (paid * part.numerator / part.denominator).quantize(CENT)
    known = (refunded * before.numerator / before.denominator).quantize(CENT)
    for remembered, moved in (
        ({}, paid),
        ({"captured": paid, "refunded": known}, known - refunded),
    ):
        order = {"order_total": paid, "refunded_amount": refunded, "payment_status": "partially_refunded"}
        found = variables(pipeline, order, remembered)
        amounts = [Decimal(posting["amount"]) for posting in found["postings"]]
        assert sum(amounts) == 0
        assert all(amount and amount == amount.quantize(CENT) for amount in amounts)
        if moved:
            counterpart = [p["amount"] for p in found["postings"] if p["account"] == "2421"]
            assert counterpart == [-moved]
            assert len(amounts) >= 2
        else:
            assert (found["kind"], amounts) == ("none", [])
