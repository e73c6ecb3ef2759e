"""Shipments of the official dialect: one for each delivery, found by a marker in its comment.

A shipment is a row, a row for each line, and the verbs ``Ship`` and ``Deliver``, which book goods, mail the
customer and move the order's status. What an earlier call wrote of it is completed.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.connectors.nopcommerce import records
from m3nop.connectors.nopcommerce.columns import Column, Kind
from m3nop.connectors.nopcommerce.fields import Fields
from m3nop.connectors.nopcommerce.official_records import get
from m3nop.connectors.nopcommerce.positions import utc_text
from m3nop.connectors.nopcommerce.records import ORDER_STATUSES
from m3nop.connectors.nopcommerce.refusals import refused, unfit
from m3nop.connectors.nopcommerce.rewriting import insert, rewrite, row_by_id
from m3nop.connectors.nopcommerce.rows import only_of, rows_of
from m3nop.connectors.nopcommerce.wishes import (
    ambiguous,
    created,
    missing,
    names_of,
    read_wish,
    upserted,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.connectors.nopcommerce.convergent import Converger, Requests
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.connectors.nopcommerce.wishes import Wish
    from m3nop.core.clock import Clock
    from m3nop.core.json import Json

COLUMNS = {
    "tracking_number": Column("tracking_number", Kind.TEXT),
    "total_weight": Column("total_weight", Kind.MONEY),
}
_BESIDES = ("items", "shipped", "delivered", "notify_customer")
_CANCELLED = next(number for number, word in ORDER_STATUSES.items() if word == "cancelled")

Line = tuple[int, int]
"""An order line and the warehouse that its goods come from; 0 where there is one."""


class Delivery(Struct, frozen=True):
    """What a shipment should be; ``lines`` is None where it says nothing of its lines."""

    order_id: int
    marker: str
    columns: Mapping[str, Json]
    lines: Mapping[Line, int] | None
    shipped: bool
    delivered: bool
    notify: bool


class OfficialShipments:
    """The upsert ``shipments``, and ``shipments/list``. Safe to use from several threads."""

    def __init__(self, converger: Converger, *, clock: Clock) -> None:
        self._converger = converger
        self._clock = clock

    def upsert(self, values: Mapping[str, Json]) -> Sequence[Record]:
        """Make a shipment, or what is missing of it.

        Raises:
            ShopFailure: it failed.
        """
        wish = read_wish(values)
        delivery = _delivery(wish)
        return self._converger.call(
            lambda requests: self._upsert(requests, wish, delivery), about=f"order {delivery.order_id}"
        )

    def list(self, values: Mapping[str, Json]) -> Sequence[Record]:
        """List the shipments of an order with their lines.

        Raises:
            ShopFailure: it failed.
        """
        number = Fields(values).number("order_id")

        def read(requests: Requests) -> Sequence[Record]:
            rows = sorted(_shipments(requests, number), key=lambda row: row["id"])
            return [
                {**records.plain(row), "items": list(map(dict, _lines(requests, row["id"])))} for row in rows
            ]

        return self._converger.call(read, about=f"order {number}")

    def _upsert(self, requests: Requests, wish: Wish, delivery: Delivery) -> Sequence[Record]:
        marked = [row for row in _shipments(requests, delivery.order_id) if _is_marked(row, delivery.marker)]
        if len(marked) > 1:
            msg = f"shipment {delivery.marker}"
            raise ambiguous(msg, [row["id"] for row in marked])
        if not marked and not wish.creates:
            return missing()
        held = _lines(requests, marked[0]["id"]) if marked else []
        absent = _absent(delivery, held, shipped=bool(marked and marked[0].get("shipped_date_utc")))
        if absent or not marked:
            _check_order(requests, delivery, absent)
        row = marked[0] if marked else self._create(requests, delivery)
        changed: list[str] = [] if marked else list(delivery.columns)
        for line, quantity in absent.items():
            _add_line(requests, row["id"], line, quantity)
        changed.extend(["items"] if absent else [])
        done = rewrite(requests, "Shipment", row, delivery.columns)
        changed.extend(names_of(done.changed, COLUMNS))
        changed.extend(_act(requests, delivery, done.row))
        now = row_by_id(requests, "Shipment", row["id"]) if changed else done.row
        make = upserted if marked else created
        return make(row["id"], changed=changed, lost=names_of(done.lost, COLUMNS), **_told(now or done.row))

    def _create(self, requests: Requests, delivery: Delivery) -> Raw:
        row = {
            "order_id": delivery.order_id, "tracking_number": None, "total_weight": None, **delivery.columns,
            # Ship sets it, and does all that belongs to it; filled in here it would stand for nothing.
            "shipped_date_utc": None,
            "delivery_date_utc": None, "admin_comment": delivery.marker,
            "created_on_utc": utc_text(self._clock.now()),
        }  # fmt: skip
        return insert(requests, "Shipment", row)


def _delivery(wish: Wish) -> Delivery:
    marker = wish.match.text("marker").strip()
    if not marker or len(marker.split()) != 1:
        raise unfit("marker", f"`marker` must be one word, it is {marker!r}")
    values = Fields(wish.fields)
    delivered = values.flag("delivered")
    return Delivery(
        order_id=wish.match.number("order_id"),
        marker=marker,
        columns=written(wish.fields, COLUMNS, besides=_BESIDES),
        lines=_wanted_lines(wish.fields.get("items")),
        # What has arrived has left.
        shipped=values.flag("shipped") or delivered,
        delivered=delivered,
        notify=values.flag("notify_customer"),
    )


def _wanted_lines(items: Json) -> dict[Line, int] | None:
    if items is None:
        return None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise unfit("items", f"`items` must be a list of lines, it is {items!r}")
    found: dict[Line, int] = defaultdict(int)
    for item in items:
        fields = Fields(item)
        warehouse = fields.number("warehouse_id") if fields.given("warehouse_id") else 0
        quantity = fields.whole("quantity")
        if quantity <= 0:
            raise unfit("items", f"`items` has a quantity of {quantity}")
        found[fields.number("order_item_id"), warehouse] += quantity
    return dict(found)


def _shipments(requests: Requests, order_id: int) -> Sequence[Raw]:
    rows = rows_of(requests.read(get(f"Shipment/GetByOrderId/{order_id}")) or [], what="shipments")
    return only_of(rows, "order_id", order_id, what="shipment")


def _lines(requests: Requests, shipment_id: int) -> Sequence[Raw]:
    rows = rows_of(requests.read(get(f"ShipmentItem/GetByShipmentId/{shipment_id}")) or [], what="lines")
    return only_of(rows, "shipment_id", shipment_id, what="line of a shipment")


def _is_marked(row: Raw, marker: str) -> bool:
    return marker in str(row.get("admin_comment") or "").split()


def _absent(delivery: Delivery, held: Sequence[Raw], *, shipped: bool) -> dict[Line, int]:
    """Return the lines that a shipment still lacks.

    Raises:
        ShopFailure: it holds others, and the API changes no line of a shipment.
    """
    wanted = delivery.lines
    if wanted is None:
        return {}
    there: dict[Line, int] = defaultdict(int)
    for row in held:
        there[row["order_item_id"], row.get("warehouse_id") or 0] += row["quantity"]
    differing = [line for line, quantity in there.items() if wanted.get(line) != quantity]
    absent = {line: quantity for line, quantity in wanted.items() if line not in there}
    if differing or (absent and shipped):
        item = next(iter([*differing, *absent]))[0]
        message = (
            f"shipment {delivery.marker} holds other quantities than were sent (order line {item}), and the "
            "API changes no line of a shipment; correct it in the shop"
        )
        raise refused(message, code="items", field="items")
    return absent


def _check_order(requests: Requests, delivery: Delivery, absent: Mapping[Line, int]) -> None:
    """Refuse, before anything is written, what the shop would throw at half way.

    Raises:
        ShopFailure: the order is gone, cancelled or fetched by the customer, or has not so much to ship.
    """
    number = delivery.order_id
    order = row_by_id(requests, "Order", number)
    if order is None:
        msg = f"order {number} is not in the shop"
        raise refused(msg, code="missing", field="order_id")
    if order.get("order_status_id") == _CANCELLED:
        msg = f"order {number} is cancelled in the shop"
        raise refused(msg, code="cancelled", field="order_id")
    if order.get("pickup_in_store") and delivery.shipped:
        message = f"order {number} is fetched by the customer, so the shop ships nothing of it"
        raise refused(message, code="pickup", field="shipped")
    _check_lines(requests, number, absent)


def _check_lines(requests: Requests, number: int, absent: Mapping[Line, int]) -> None:
    if not absent:
        raise unfit("items", f"a new shipment of order {number} needs `items`")
    rows = rows_of(requests.read(get(f"OrderItem/GetOrderItems/{number}")) or [], what="order lines")
    known = {row["id"] for row in only_of(rows, "order_id", number, what="order line")}
    totals: dict[int, int] = defaultdict(int)
    for (item, _), quantity in absent.items():
        totals[item] += quantity
    for item, quantity in totals.items():
        if item not in known:
            msg = f"order {number} has no line {item}"
            raise refused(msg, code="items", field="items")
        left = requests.read(get(f"OrderItem/GetTotalNumberOfItemsCanBeAddedToShipment/{item}"))
        if not isinstance(left, int) or left < quantity:
            message = f"order line {item}: {quantity} were sent, {left} can still be shipped"
            raise refused(message, code="items", field="items")


def _add_line(requests: Requests, shipment_id: int, line: Line, quantity: int) -> None:
    item, warehouse = line
    row = {"shipment_id": shipment_id, "order_item_id": item, "quantity": quantity, "warehouse_id": warehouse}
    insert(requests, "ShipmentItem", row)


def _act(requests: Requests, delivery: Delivery, row: Raw) -> list[str]:
    """Let it leave and arrive, as far as it has not; return which."""
    done = []
    notify = ("notifyCustomer", str(delivery.notify).lower())
    for wanted, verb, date in (
        (delivery.shipped, "Ship", "shipped"),
        (delivery.delivered, "Deliver", "delivered"),
    ):
        held = row.get("shipped_date_utc" if verb == "Ship" else "delivery_date_utc")
        if wanted and not held:
            requests.act(get(f"OrderProcessing/{verb}/{row['id']}", notify))
            done.append(date)
    return done


def _told(row: Raw) -> Record:
    kept = records.plain(row)
    return {name: kept.get(name) for name in ("tracking_number", "shipped_date_utc", "delivery_date_utc")}
