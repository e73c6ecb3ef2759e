"""The shipped pack's mapping on one record, worked out without a network and without a state database."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from m3nop.app.registry import CONNECTORS
from m3nop.core.clock import parse_instant
from m3nop.core.records import Attempt, AttemptState, Link, Record, RecordState
from m3nop.engine.arrival import reference_of
from m3nop.engine.preview import Planned, preview
from m3nop.engine.work import Work
from m3nop.mapping.errors import EvaluationError
from m3nop.spec import LoadedProject, load_project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.mapping.pipeline import Pipeline

PACK = Path(__file__).parents[2] / "configs"
EXAMPLES = Path(__file__).parents[2] / "examples"
NOW = parse_instant("2026-11-23T09:00:00Z")
TIME_ZONE = "Europe/Stockholm"
CENT = Decimal("0.01")


def project(folder: Path = PACK, *, environment: str = "sandbox", dialect: str = "official") -> LoadedProject:
    """Load a shipped project."""
    return load_project(
        folder, environment=environment, registry=CONNECTORS, environ={"SHOP_DIALECT": dialect}
    )


@dataclass(frozen=True)
class Mapped:
    """What a pipeline makes of one record."""

    reference: str
    failed: list[str]
    """Messages of the checks that the record does not pass."""
    calls: list[Planned]

    def fields(self, step: str) -> Mapping[str, Any]:
        """Return the fields of the one call of a step."""
        (call,) = self.of(step)
        return call.fields

    def of(self, step: str) -> list[Planned]:
        """Return the calls that a step would make."""
        return [call for call in self.calls if call.path.split("/")[0] == step and not call.skipped]

    @property
    def problems(self) -> list[str]:
        """What could not be mapped."""
        return [call.problem for call in self.calls if call.problem]

    @property
    def charges(self) -> dict[str, Decimal]:
        """Amounts of the charges on the order, by code; a code that comes twice is a mistake."""
        sent = [
            call.fields for call in self.calls if call.target.endswith("AddBatchHeadChg") and not call.skipped
        ]
        assert len({fields["CRID"] for fields in sent}) == len(sent)
        return {fields["CRID"]: Decimal(fields["CRAM"]) for fields in sent}

    @property
    def goods(self) -> Decimal:
        """What the lines come to."""
        lines = [call.fields for call in self.of("lines")]
        return sum((Decimal(line["SAPR"]) * Decimal(line["ORQT"]) for line in lines), Decimal(0))


def with_settings(pipeline: Pipeline, **settings: Any) -> Pipeline:
    """Return the pipeline as it is at a site with other settings."""
    assert settings.keys() <= pipeline.settings.keys()
    return replace(pipeline, settings={**pipeline.settings, **settings})


def mapped(pipeline: Pipeline, snapshot: Mapping[str, Any], *, customer: str = "W0000017") -> Mapped:
    """Map a record; the customer that an order requires is there already."""
    reference = reference_of(pipeline, snapshot, NOW, TIME_ZONE)
    record = Record(
        id=1, pipeline=pipeline.name, key=str(snapshot["id"]), store=pipeline.store.code, state=RecordState.READY,
        snapshot=snapshot, fingerprint="", created_at=NOW, seen_at=NOW, epoch=1,
    )  # fmt: skip
    attempt = Attempt(
        id=1, record_id=1, number=1, state=AttemptState.OPEN, opened_at=NOW, snapshot=snapshot,
        definition=pipeline.digest, reference=reference, epoch=1,
    )  # fmt: skip
    work = Work(pipeline, record, attempt, zone=TIME_ZONE)
    for step in pipeline.steps:
        if step.requires is not None:
            key = str(step.requires.key.evaluate(work.root(), work.context))
            work.links[step.requires.pipeline, key] = Link(
                step.requires.pipeline, key, key, customer, linked_at=NOW
            )
    return Mapped(reference, _failed(work), preview(work))


def _failed(work: Work) -> list[str]:
    failed: list[str] = []
    for check in work.pipeline.checks:
        try:
            if not check.condition.condition(work.root(), work.context):
                failed.append(check.message)
        except EvaluationError:
            # A run stops at the first check that fails; those after it may rely on it.
            if not failed:
                raise
    return failed


def address(**changes: Any) -> dict[str, Any]:
    """Return an address in the record shape."""
    return {
        "id": 5, "first_name": "Erika", "last_name": "Mustermann", "company": None, "email": "erika@example.com",
        "address1": "Heidestraße 17", "address2": None, "city": "Köln", "zip_postal_code": "51147",
        "country_code": "DE", "state_code": None, "phone_number": "+49 221 0000001", **changes,
    }  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A line of a shop order; ``discount`` is what the unit price is below the list price already."""

    unit: Decimal
    quantity: int = 1
    discount: Decimal = Decimal(0)
    sku: str = "TENT-2P"
    text: str | None = None


@dataclass(frozen=True)
class Extras:
    """Amounts of an order besides its lines, without VAT; the discount on the total is one with VAT."""

    shipping: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    subtotal_discount: Decimal = Decimal(0)
    total_discount: Decimal = Decimal(0)


def order(
    lines: Sequence[Line] = (Line(Decimal("149.50")),),
    extras: Extras | None = None,
    *,
    vat: int = 25,
    **changes: Any,
) -> dict[str, Any]:
    """Return a paid order in the record shape, its totals those of its lines."""
    extra = extras or Extras()
    items = [_item(number, line, vat) for number, line in enumerate(lines, start=1)]
    subtotal = sum((item["price_excl_tax"] for item in items), Decimal(0))
    subtotal_with_vat = sum((item["price_incl_tax"] for item in items), Decimal(0))
    discount_with_vat = _with_vat(extra.subtotal_discount, vat)
    shipping_with_vat, fee_with_vat = _with_vat(extra.shipping, vat), _with_vat(extra.fee, vat)
    total = subtotal_with_vat - discount_with_vat + shipping_with_vat + fee_with_vat - extra.total_discount
    return {
        "id": 1042, "store_id": 1, "customer_id": 17, "custom_order_number": "1042",
        "created_on_utc": "2026-11-20T10:11:12.000000Z", "paid_date_utc": "2026-11-20T10:12:00.000000Z",
        "order_status": "processing", "payment_status": "paid", "shipping_status": "not_yet_shipped",
        "payment_method": "Payments.Manual", "shipping_method": "Ground", "pickup_in_store": False,
        "customer_currency_code": "SEK", "currency_rate": Decimal("11.25"), "vat_number": None,
        "checkout_attribute_text": None, "order_subtotal_excl_tax": subtotal,
        "order_subtotal_incl_tax": subtotal_with_vat, "order_sub_total_discount_excl_tax": extra.subtotal_discount,
        "order_sub_total_discount_incl_tax": discount_with_vat, "order_shipping_excl_tax": extra.shipping,
        "order_shipping_incl_tax": shipping_with_vat, "payment_method_additional_fee_excl_tax": extra.fee,
        "payment_method_additional_fee_incl_tax": fee_with_vat, "order_discount": extra.total_discount,
        "order_total": total, "items": items, "billing_address": address(), "shipping_address": address(),
        "customer": {"id": 17, "is_guest": False, "email": "erika@example.com"}, **changes,
    }  # fmt: skip


def _item(number: int, line: Line, vat: int) -> dict[str, Any]:
    unit_with_vat = _with_vat(line.unit, vat)
    return {
        "id": 2000 + number, "position": number, "product_id": 9, "sku": line.sku, "name": "Zelt",
        "quantity": line.quantity, "unit_price_excl_tax": line.unit, "unit_price_incl_tax": unit_with_vat,
        "price_excl_tax": line.unit * line.quantity, "price_incl_tax": unit_with_vat * line.quantity,
        "discount_amount_excl_tax": line.discount * line.quantity, "discount_amount_incl_tax": line.discount,
        "attribute_text": line.text,
    }  # fmt: skip


def _with_vat(amount: Decimal, vat: int) -> Decimal:
    return (amount * (100 + vat) / 100).quantize(CENT)
