"""Writes docs/reference/shop-operations.md from the catalog: ``python tests/unit/docs/shop_reference.py``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce.catalog import OPERATIONS, NopCommerceCatalog

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from m3nop.core.connector import FieldInfo, Operation

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "shop-operations.md"
OFFICIAL, OSS = NopCommerceCatalog("official"), NopCommerceCatalog("oss")
HEAD = """# What a shop can do

Every operation of a `nopcommerce` connection, with its fields and its answer, written from the connector's catalog.
`official` is nopCommerce's Web API plugin, `oss` the open-source Nop.Plugin.Api; what a dialect lacks is a problem at
`m3nop validate`, unless the step is `optional`.

What repeating an operation does is its **effect**:

| effect | repeating it |
|---|---|
| `read` | changes nothing |
| `idempotent` | writes the same value again |
| `convergent` | reads, compares and writes what still differs: right as soon as an earlier call can no longer be under way |
| `unsafe` | does it twice; a lost answer is settled by a probe, or by a person |

**Upserts.** `customers`, `products` and `shipments` are targets of `upsert`
([the language](language.md#steps)). `match` finds the row, `fields` are what it must have; a field that is not sent is
left alone. The answer is one row: `id`, `action` (`created`, `updated`, `unchanged`, `missing`), `changed` and `lost`, which
are names of fields. In `official` a row is only written as a whole, and nothing tells whether somebody else changed it
meanwhile. So it is read again just before it is written, when a foreign edit is merged, and just after: a field of
ours that somebody had changed, that came back with another value, or another column that changed at that moment is in
`lost`. An edit that falls into the few milliseconds between the second reading and the writing is lost without a trace.
`oss` writes the changed fields only. Money is rounded half up to the four decimals that the shop keeps. True and false
may be `true`, `1`, `yes` and their opposites, as text too.

**Products.** A `sku` that several products have is refused (`ambiguous`); a product marked as deleted is no match; a SKU
of a variant (an attribute combination) is found after those of products. Of a variant `price`, `sku`, `gtin` and
`manufacturer_part_number` can be written, in `official`; a read of `products/stock` before tells by its `combination_id`
whether a SKU is one. `variants: own` in `match` leaves the other fields of a variant out, in `oss` all of them.
A new product is simple, shipped, shown and not published, in
the first template and without stock, and gets the address of its page from its name. `tier_prices` are all that hold at
any time and in every store: one that is not sent is deleted; those of one store or with dates are the shop's own.
`role` is a customer role as the shop calls it (`wholesale`), none or `everybody` for all. `localized` is
`{de: {name: ...}}`, by short or long language code, for name, descriptions and meta texts. Stock is not a field.
In `oss` texts are read as the shop shows them, so one that has a translation in its language seems to differ at every run.
The SKUs of the whole shop are read once, then looked at again for what is new or was edited whenever one is missing.

**Stock.** `stock/set` goes by what the product's inventory method says at that moment. In one place, or for a variant, it
sends the difference (`official`): what is sold in the same moment stays sold. The message in the stock history carries
`token`, which must be one word of its own for each change of stock; a repeated call that finds it there sends nothing.
In several warehouses it writes the row of `warehouse` with the reserved quantity that was just read. `oss` writes the
quantity itself; for variants it has to send all of a product's attributes and combinations, and reads back what came of
it. `quantity` is whole; below zero it is refused unless the product takes backorders, which only `official` tells.
With `above_reserved` the quantity is what can still be sold there, and what orders have reserved comes on top of it.
`warehouse` is ignored where a product has one place.

**Shipments.** `marker` is kept in the shipment's comment and finds it again. Lines are checked against what can still be
shipped before anything is written. `shipped` and `delivered` say what must have happened, never that it must not; the
verbs book goods, send mails (`notify_customer`) and move the order's status, once.

**Customers** are found by `id`, or by `email` in any case of letters, and never made. Names, company, phone and VAT number
are generic attributes in shops before nopCommerce 4.60, and are written there.
"""
CODES = {
    "ambiguous": "several rows match: correct it in the shop",
    "missing": "there is no such row, and none is made here",
    "gone": "the row was deleted while the call was under way",
    "variant": "the field belongs to the product, not to its variant",
    "not_tracked": "the shop does not track this product's stock: set its `manage_inventory_method`",
    "by_variant": "its variants have stock, not the product: name a variant's SKU",
    "by_product": "the product has stock, not its variants: name the product's SKU",
    "warehouse": "the product has stock in several warehouses: name one that the shop has",
    "negative": "less than nothing, and the product takes no backorders: send 0",
    "unmoved": "the shop said yes and did not change the stock of a variant: use `dialect: official`, or look at its "
    "attributes",
    "cancelled": "the order is cancelled",
    "pickup": "the customer fetches the order, so nothing of it is shipped",
    "items": "lines that the order does not have, more than can be shipped, or a shipment that somebody packed otherwise",
    "status": "the order's status does not allow it",
}
"""The codes of refusals that the connector itself makes, with what they mean."""


def _kind(field: FieldInfo) -> str:
    if field.type == "N":
        return "whole number" if field.decimals == 0 else "number"
    if field.type is None:
        return "list or fields"
    return f"text, {field.length}" if field.length else "text"


def _in_oss(operation: Operation, name: str) -> bool:
    found = OSS.operation(operation.name)
    return found is not None and name in (found.inputs or {})


def _fields(operation: Operation) -> Iterator[str]:
    inputs: Mapping[str, FieldInfo] = operation.inputs or {}
    yield "| field | value | | meaning |"
    yield "|---|---|---|---|"
    for name, field in inputs.items():
        dialect = (
            "" if _in_oss(operation, name) or OSS.operation(operation.name) is None else "`official` only"
        )
        need = "needed" if field.mandatory else dialect
        yield f"| `{name}` | {_kind(field)} | {need} | {field.description} |"


def _section(operation: Operation) -> Iterator[str]:
    remedy = OSS.remedy(operation.name)
    yield f"## {operation.name}"
    yield ""
    yield operation.description
    yield ""
    where = "both dialects" if not remedy else f"`official`: {remedy}"
    kind = "an upsert" if operation.upserts else "a read" if operation.effect == "read" else "a call"
    yield f"Effect `{operation.effect}`, {kind}; {where}."
    yield ""
    yield from _fields(operation)
    if operation.outputs:
        names = ", ".join(f"`{name}`" for name in operation.outputs)
        yield ""
        yield f"Answers {'rows' if operation.many else 'a row'} of {names}."
    elif operation.outputs is None:
        yield ""
        yield f"Answers the record as the source `{operation.name.partition('/')[0]}` has it."
    yield ""


def render() -> str:
    """Return the page."""
    lines = [HEAD, "## Refusals", "", "What the connector itself refuses, by the code of the failure:", ""]
    lines += ["| code | meaning |", "|---|---|"]
    lines += [f"| `{code}` | {meaning} |" for code, meaning in CODES.items()]
    lines.append("")
    for name in OFFICIAL.operations():
        lines.extend(_section(OPERATIONS[name]))
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8", newline="\n")
