"""What the shipped pipeline ``inventory`` publishes is never more than M3 can promise less what is sold already."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from m3nop.core.connector import Answer, Outcome
from m3nop.core.records import RecordState
from m3nop.engine.rehearsal import Asked, Script, Setting, rehearse
from m3nop.spec.compile import compile_tree
from tests.end_to_end.pack import project

if TYPE_CHECKING:
    from m3nop.mapping.pipeline import Pipeline

ITEM = "ROPE-M"
PLACES = {"001": "1", "002": "2", "003": "2"}
"""M3 warehouses that count, and what warehouse of the shop each is."""

quantities = st.decimals(min_value=-1000, max_value=10**9, places=6) | st.integers(-20, 60).map(Decimal)
factors = st.sampled_from(
    [Decimal(1), Decimal(3), Decimal(12), Decimal("0.001"), Decimal("2.540000001"), Decimal(7)]
)


@cache
def pipeline(safety: Decimal, *, unit: str | None) -> Pipeline:
    loaded = project()
    site = loaded.site("inventory", "b2c")
    table = (site.lookups or {})["shop_warehouses"]
    assert table is not None
    rows = {code: {"value": place} for code, place in PLACES.items()}
    changed = replace(
        site,
        settings={
            **(site.settings or {}),
            "stock_warehouses": list(PLACES),
            "safety_stock": safety,
            "shop_unit": unit,
        },
        lookups={**(site.lookups or {}), "shop_warehouses": replace(table, rows=rows)},
    )
    tree = loaded.effective("inventory", "b2c")
    assert tree is not None
    compiled = compile_tree(tree, changed).pipeline
    assert compiled is not None
    return compiled


@settings(deadline=None, max_examples=150)
@given(
    balances=st.dictionaries(st.sampled_from([*PLACES, "900"]), quantities, max_size=4),
    held=st.integers(0, 40), safety=st.sampled_from([Decimal(0), Decimal("2.5"), Decimal(30)]),
    unit=st.none() | st.tuples(factors, st.sampled_from([1, 2])),
    shelves=st.none() | st.dictionaries(st.integers(1, 2), st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=2),
)  # fmt: skip
def test_what_is_published_never_exceeds_what_m3_can_promise(
    balances: dict[str, Decimal], held: int, safety: Decimal, unit: tuple[Decimal, int] | None,
    shelves: dict[int, tuple[int, int]] | None,
) -> None:  # fmt: skip
    answers: dict[str, Any] = {
        "LstWarehBalance": [{"WHLO": place, "AV01": f"{number:f}"} for place, number in balances.items()],
        "GetItmBasic": [{"UNMS": "M"}],
        "Get": [{"COFA": unit[0], "DMCF": Decimal(unit[1])}] if unit else [],
        "stock": [
            {
                "product_id": 1, "sku": ITEM, "quantity": 7,
                "reserved_quantity": None if shelves is None else sum(one[1] for one in shelves.values()),
                "warehouses": [
                    {"warehouse_id": place, "stock_quantity": have, "reserved_quantity": kept}
                    for place, (have, kept) in (shelves or {}).items()
                ],
            }
        ],
    }  # fmt: skip

    def answer(asked: Asked) -> Answer | None:
        rows = answers.get(str(asked.target).rpartition("/")[2])
        return None if rows is None else Answer(Outcome.DONE, tuple(rows))

    found = rehearse(
        pipeline(safety, unit="BOX" if unit else None), {"ITNO": ITEM, "WHLO": "001"},
        Script(answer, lambda _step: True),
        Setting(links={}, now=0, in_flight={ITEM: Decimal(held)}, store_given=True),
    )  # fmt: skip
    assert found.state is RecordState.DONE, found.reason
    writes = [dict(call.fields) for call in found.calls if call.effect == "convergent"]
    # What can be sold at the end, by place of the shop; what was not written is as it was.
    sellable = (
        {"": 7} if shelves is None else {str(one): have - kept for one, (have, kept) in shelves.items()}
    )
    sellable.update({str(write.get("warehouse", "")): int(str(write["quantity"])) for write in writes})
    assert all(isinstance(write["quantity"], Decimal | int) and write["quantity"] >= 0 for write in writes)

    promised = sum((number for place, number in balances.items() if place in PLACES), Decimal(0))
    in_shop_units = promised if unit is None else promised / unit[0] if unit[1] == 1 else promised * unit[0]
    assert sum(sellable.values()) <= max(Decimal(0), in_shop_units - held - safety)
