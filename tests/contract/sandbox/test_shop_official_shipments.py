"""Shipments and the verbs about orders in the official dialect."""

from __future__ import annotations

import pytest

from m3nop.sandbox import shop
from tests.contract.sandbox.shops import Backend, served

PROCESSING, COMPLETE = 20, 30
NOT_SHIPPED, PARTLY, SHIPPED, DELIVERED = 20, 25, 30, 40
QUIETLY = {"notifyCustomer": "false"}


@pytest.fixture
def backend():
    with served(Backend) as client:
        yield client


def pack(backend, order_id, quantities, *, warehouse=1, **columns):
    made = backend.create("Shipment", order_id=order_id, created_on_utc="2026-11-23T09:00:00Z", **columns)
    for item, quantity in quantities.items():
        backend.create(
            "ShipmentItem", shipment_id=made["id"], order_item_id=item, quantity=quantity,
            warehouse_id=warehouse,
        )  # fmt: skip
    return made


def statuses(backend, order_id):
    order = backend.get(f"Order/GetById/{order_id}")
    return order["order_status_id"], order["shipping_status_id"]


def notes(backend, order_id):
    return [row["note"] for row in backend.get(f"OrderNote/GetOrderNotesByOrderId/{order_id}")]


# -- shipments


def test_a_shipment_moves_nothing_until_it_is_shipped(backend):
    shipment = pack(backend, 1001, {2001: 1, 2002: 2}, tracking_number="1Z", total_weight=3.2)

    assert statuses(backend, 1001) == (PROCESSING, NOT_SHIPPED)
    assert backend.get("Order/HasItemsToAddToShipment/1001") is False
    assert backend.get("Order/HasItemsToShip/1001") is True
    backend.act(f"OrderProcessing/Ship/{shipment['id']}", **QUIETLY)

    assert statuses(backend, 1001) == (COMPLETE, SHIPPED)
    shown = backend.get(f"Shipment/GetById/{shipment['id']}")
    assert shown["shipped_date_utc"] == "2026-11-23T09:00:00.0000007"
    assert backend.get("Order/HasItemsToDeliver/1001") is True
    assert notes(backend, 1001)[1:] == [
        f"Shipment# {shipment['id']} has been sent", "Order status has been changed to Complete",
    ]  # fmt: skip


def test_an_order_is_shipped_in_parts(backend):
    first = pack(backend, 1001, {2002: 1})
    can = "OrderItem/GetTotalNumberOfItemsCanBeAddedToShipment"
    assert [backend.get(f"{can}/{item}") for item in (2001, 2002)] == [1, 1]
    assert backend.get("OrderItem/GetTotalNumberOfItemsInAllShipments/2002") == 1
    backend.act(f"OrderProcessing/Ship/{first['id']}", notifyCustomer="true")
    assert statuses(backend, 1001) == (PROCESSING, PARTLY)
    assert '"Shipped" email (to customer) has been queued' in notes(backend, 1001)
    backend.act(f"OrderProcessing/Deliver/{first['id']}", **QUIETLY)
    assert statuses(backend, 1001) == (PROCESSING, PARTLY)

    second = pack(backend, 1001, {2001: 1, 2002: 1})
    backend.act(f"OrderProcessing/Ship/{second['id']}", **QUIETLY)
    assert statuses(backend, 1001) == (COMPLETE, SHIPPED)
    backend.act(f"OrderProcessing/Deliver/{second['id']}", **QUIETLY)

    assert statuses(backend, 1001) == (COMPLETE, DELIVERED)


def test_a_shipment_leaves_once_and_arrives_once(backend):
    shipment = pack(backend, 1001, {2001: 1})
    ship, deliver = (f"OrderProcessing/{verb}/{shipment['id']}" for verb in ("Ship", "Deliver"))

    assert backend.status(f"{deliver}?notifyCustomer=false")[0] == 500
    assert backend.status(ship)[0] == 400
    backend.act(ship, **QUIETLY)
    assert backend.status(f"{ship}?notifyCustomer=false") == (
        500, {"message": "This shipment is already shipped."},
    )  # fmt: skip
    backend.act(deliver, **QUIETLY)

    assert backend.status(f"{deliver}?notifyCustomer=false")[0] == 500
    assert backend.status("OrderProcessing/Ship/99?notifyCustomer=false")[0] == 404
    orphan = pack(backend, 9999, {})
    assert backend.status(f"OrderProcessing/Ship/{orphan['id']}?notifyCustomer=false")[0] == 500


def test_an_order_that_is_fetched_cannot_be_shipped(backend):
    shipment = pack(backend, 1010, {})

    assert backend.status(f"OrderProcessing/Ship/{shipment['id']}?notifyCustomer=false")[0] == 500


def test_a_date_that_somebody_writes_ships_nothing(backend):
    shipment = pack(backend, 1001, {2001: 1, 2002: 2})
    dated = {**shipment, "shipped_date_utc": "2026-11-23T08:00:00Z"}

    assert backend.http.put("Shipment/Update", json=dated).status_code == 200

    assert statuses(backend, 1001) == (PROCESSING, NOT_SHIPPED)
    assert backend.status(f"OrderProcessing/Ship/{shipment['id']}?notifyCustomer=false")[0] == 500


def test_a_shipment_is_replaced_as_a_whole(backend):
    shipment = pack(backend, 1001, {}, tracking_number="1Z", admin_comment="m3:0000012345")

    backend.http.put("Shipment/Update", json={"id": shipment["id"], "order_id": 1001})

    after = backend.get(f"Shipment/GetById/{shipment['id']}")
    assert (after["tracking_number"], after["admin_comment"], after["total_weight"]) == (None, None, None)


def test_shipments_are_found_in_many_ways_newest_first(backend):
    one = pack(backend, 1001, {2001: 1}, tracking_number="1Z-ONE")
    two = pack(backend, 1002, {2003: 1}, tracking_number="1Z-TWO", warehouse=2)
    backend.act(f"OrderProcessing/Ship/{one['id']}", **QUIETLY)

    def ids(**query):
        return [row["id"] for row in backend.get("Shipment/GetAll", **query)["items"]]

    assert ids() == [two["id"], one["id"]]
    assert ids(orderId=1001) == ids(trackingNumber="z-one") == ids(shippingCity="köln") == [one["id"]]
    assert ids(loadNotShipped="true") == ids(warehouseId=2) == [two["id"]]
    assert ids(shippingCountryId=1) == [two["id"]]
    assert ids(loadNotDelivered="true", createdFromUtc="2026-11-23T09:00:00Z") == [two["id"], one["id"]]
    assert ids(createdToUtc="2026-11-23T08:59:59Z") == []
    assert [row["id"] for row in backend.get(f"Shipment/GetByIds/99;{one['id']}")] == [one["id"]]
    assert backend.get("Shipment/GetByOrderId/1001", shipped="false") == []
    assert len(backend.get("Shipment/GetByOrderId/1001", shipped="true")) == 1
    assert len(backend.get("Shipment/GetByOrderId/1001")) == 1
    (item,) = backend.get(f"ShipmentItem/GetByShipmentId/{two['id']}")
    assert (item["order_item_id"], item["quantity"], item["warehouse_id"]) == (2003, 1, 2)
    boot = backend.product("BOOT")["id"]
    pieces = f"ShipmentItem/GetQuantityInShipments/{boot}"
    query = {"ignoreShipped": "true", "ignoreDelivered": "true"}
    assert [backend.get(f"{pieces}/{warehouse}", **query) for warehouse in (0, 1, 2)] == [1, 0, 1]


def test_an_item_of_a_shipment_can_only_be_added(backend):
    shipment = pack(backend, 1001, {2001: 1})

    assert backend.http.delete("ShipmentItem/Delete/1").status_code == 404
    assert backend.http.put("ShipmentItem/Update", json={"id": 1}).status_code == 404
    assert backend.http.delete(f"Shipment/Delete/{shipment['id']}").status_code == 200
    assert backend.get("OrderItem/GetTotalNumberOfItemsCanBeAddedToShipment/2001") == 1


# -- stock of an order's goods


def air(backend):
    product = backend.product("MAT-AIR")
    rows = backend.get(f"ProductWarehouse/GetAllProductWarehouseInventoryRecords/{product['id']}")
    return [(row["stock_quantity"], row["reserved_quantity"]) for row in rows]


def test_several_warehouses_reserve_for_an_order_and_lose_the_goods_when_it_ships(backend):
    order = shop.place_order(backend.world, {"lines": [{"sku": "MAT-AIR", "quantity": 5}]})
    assert air(backend) == [(60, 5), (4, 0)]
    shipment = pack(backend, order["id"], {order["items"][0]["id"]: 5})

    backend.act(f"OrderProcessing/Ship/{shipment['id']}", **QUIETLY)

    assert air(backend) == [(55, 0), (4, 0)]
    product = backend.product("MAT-AIR")
    (moved,) = backend.get(f"Product/GetStockQuantityHistory/{product['id']}")["items"]
    assert (moved["quantity_adjustment"], moved["stock_quantity"], moved["warehouse_id"]) == (-5, 55, 1)


def test_a_cancelled_order_gives_its_goods_back_shipped_or_not(backend):
    order = shop.place_order(backend.world, {"lines": [{"sku": "MAT-AIR", "quantity": 5}]})
    shipment = pack(backend, order["id"], {order["items"][0]["id"]: 3})
    backend.act(f"OrderProcessing/Ship/{shipment['id']}", **QUIETLY)
    assert air(backend) == [(57, 2), (4, 0)]

    backend.act(f"OrderProcessing/CancelOrder/{order['id']}", **QUIETLY)

    assert air(backend) == [(60, 0), (4, 0)]


def test_stock_of_one_warehouse_is_taken_when_the_order_is_placed_and_not_again_when_it_ships(backend):
    before = backend.product("TENT-2P")["stock_quantity"]
    order = shop.place_order(backend.world, {"lines": [{"sku": "TENT-2P", "quantity": 2}]})
    shipment = pack(backend, order["id"], {order["items"][0]["id"]: 2})

    backend.act(f"OrderProcessing/Ship/{shipment['id']}", **QUIETLY)

    assert backend.product("TENT-2P")["stock_quantity"] == before - 2


# -- verbs


def test_a_cancellation_must_say_whether_to_tell_the_customer_and_is_noted(backend):
    assert backend.status("OrderProcessing/CancelOrder/1003")[0] == 400
    backend.act("OrderProcessing/CancelOrder/1003", **QUIETLY)

    assert notes(backend, 1003)[1:] == [
        "Order status has been changed to Cancelled", "Order has been cancelled",
    ]  # fmt: skip
    assert backend.status("OrderProcessing/CancelOrder/1003?notifyCustomer=false")[0] == 500


def test_what_follows_from_a_payment_is_noted(backend):
    backend.act("OrderProcessing/MarkOrderAsPaid/1003")

    assert notes(backend, 1003)[1:] == [
        "Order has been marked as paid", "Order status has been changed to Processing",
    ]  # fmt: skip


def test_a_capture_is_noted_and_has_a_number(backend):
    order = shop.place_order(
        backend.world,
        {
            "lines": [{"sku": "COMPASS"}], "payment_status": "authorized",
            "payment_method": "Payments.PayPalCommerce",
        },
    )  # fmt: skip

    assert backend.get(f"OrderProcessing/Capture/{order['id']}") == []

    captured = backend.get(f"Order/GetById/{order['id']}")
    assert (captured["payment_status_id"], captured["paid_date_utc"]) == (30, "2026-11-23T09:00:00.0000007")
    assert captured["capture_transaction_id"]
    assert "Order has been captured" in notes(backend, order["id"])


def test_part_refunds_add_up_and_leave_status_and_stock_alone(backend):
    before = backend.product("LAMP-HEAD")["stock_quantity"]
    for amount in ("10", "5.50"):
        assert backend.get("OrderProcessing/CanPartiallyRefund/1004", amountToRefund=amount) is True
        assert backend.get("OrderProcessing/PartiallyRefund/1004", amountToRefund=amount) == []

    order = backend.get("Order/GetById/1004")
    assert (order["payment_status_id"], order["refunded_amount"]) == (35, 15.5)
    assert order["order_status_id"] == PROCESSING
    assert backend.product("LAMP-HEAD")["stock_quantity"] == before
    assert backend.status("OrderProcessing/PartiallyRefund/1004")[0] == 400
    assert backend.status("OrderProcessing/CanPartiallyRefund/1004")[0] == 400


@pytest.mark.parametrize("what", ["Capture", "PartiallyRefund", "Refund", "Void"])
def test_a_payment_method_tells_what_it_supports(backend, what):
    path = f"Payment/Support{what}"

    assert backend.get(path, paymentMethodSystemName="Payments.PayPalCommerce") is True
    assert backend.get(path, paymentMethodSystemName="Payments.CheckMoneyOrder") is False
    assert backend.status(path)[0] == 400


# -- customers


def test_an_update_of_a_customer_replaces_the_whole_row(backend):
    backend.http.put("Customer/Update", json={"id": 5, "email": "erika@example.com", "phone": "1"})

    after = backend.get("Customer/GetById/5")
    assert (after["phone"], after["first_name"], after["billing_address_id"]) == ("1", None, None)
    assert (after["active"], after["customer_guid"]) == (False, "00000000-0000-0000-0000-000000000000")
    assert after["created_on_utc"] == "0001-01-01T00:00:00"


def test_a_customer_is_taken_out_of_a_role_by_a_get(backend):
    backend.act("CustomerRole/RemoveCustomerRoleMapping/11/7")

    assert backend.get("CustomerRole/GetCustomerRoleIds/11") == [3]
