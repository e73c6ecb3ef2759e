"""What the shop sells at first: the catalogue of the sandbox, with stock counted in every way there is."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from m3nop.sandbox import catalogue
from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.entities import money
from m3nop.sandbox.shop.statuses import Inventory
from m3nop.sandbox.shop.variants import attributes_xml

if TYPE_CHECKING:
    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.tables import Shop

_OPENED = "2024-03-01T08:00:00"
_VARIANTS = ("BOOT-42", "BOOT-43", "BOOT-44")
_IN_TWO_WAREHOUSES = {"MAT-AIR": (60, 4), "PACK-35": (25, 15)}
_NOT_TRACKED = "GIFT-WRAP"
_SOLD_TWICE = "LAMP-OLD"
_TIERS = (
    ("TENT-4P", "Wholesale", 5, "299.00"), ("TENT-4P", "Wholesale", 10, "279.00"),
    ("CARABINER", None, 50, "7.90"), ("CARABINER", "Wholesale", 100, "7.25"),
)  # fmt: skip
_SIZE: Row = {
    "id": 7, "product_attribute_id": 1, "product_attribute_name": "Size", "text_prompt": None,
    "is_required": True,
    "attribute_control_type_id": 1, "attribute_control_type_name": "DropdownList", "display_order": 0,
    "default_value": None,
}  # fmt: skip
_ONE_SIZE: Row = {
    "type_id": 0, "type": "Simple", "associated_product_id": 0, "color_squares_rgb": None,
    "image_squares_image": {}, "price_adjustment": 0, "weight_adjustment": 0, "cost": 0, "quantity": 1,
    "is_pre_selected": False, "display_order": 0, "product_image_id": None,
}  # fmt: skip


def fill(shop: Shop) -> None:
    """Write the products of the catalogue, one that M3 does not know, and two that share a SKU.

    Stock is counted by product in one warehouse or two, by attributes, or not at all; some have tier prices.
    """
    for item in catalogue.ITEMS:
        if item.sku == _VARIANTS[0]:
            _variant_product(shop)
        elif item.sku not in _VARIANTS:
            _product(
                shop, sku=item.sku, name=item.name, price=Decimal(item.price), weight=Decimal(item.weight)
            )
    _product(
        shop, sku=catalogue.UNKNOWN_SKU, name="Utgångsvara 2019", price=Decimal("15.00"), weight=Decimal(1)
    )
    for name in ("Tältlykta, äldre modell", "Tältlykta, returer"):
        _product(shop, sku=_SOLD_TWICE, name=name, price=Decimal("9.90"), weight=Decimal("0.2"))
    for sku, quantities in _IN_TWO_WAREHOUSES.items():
        spread = _change(shop, sku, use_multiple_warehouses=True, stock_quantity=0)
        for warehouse, quantity in enumerate(quantities, start=1):
            row = entities.INVENTORY.row(
                product_id=spread["id"], warehouse_id=warehouse, stock_quantity=quantity
            )
            shop.insert(entities.INVENTORY, shop.inventories, row)
    _change(shop, _NOT_TRACKED, manage_inventory_method_id=int(Inventory.NOT_TRACKED), stock_quantity=0)
    _tier_prices(shop)


def _tier_prices(shop: Shop) -> None:
    roles = {role["system_name"]: role["id"] for role in shop.roles.values()}
    for sku, role, quantity, price in _TIERS:
        product = _change(shop, sku, has_tier_prices=True)
        row = entities.TIER_PRICE.row(
            product_id=product["id"], customer_role_id=roles[role] if role else None, quantity=quantity,
            price=Decimal(price),
        )  # fmt: skip
        shop.insert(entities.TIER_PRICE, shop.tier_prices, row)


def _change(shop: Shop, sku: str, **columns: Any) -> Row:  # noqa: ANN401 -- columns
    product = shop.products.find(sku=sku)[0] | columns
    shop.products[str(product["id"])] = product
    return product


def _product(shop: Shop, **values: Any) -> Row:  # noqa: ANN401 -- columns
    columns: Row = {
        "product_type_id": 5, "visible_individually": True, "published": True, "is_ship_enabled": True,
        "tax_category_id": 1, "order_minimum_quantity": 1, "order_maximum_quantity": 10000,
        "stock_quantity": 500,
        "manage_inventory_method_id": int(Inventory.PRODUCT), "warehouse_id": 1, "created_on_utc": _OPENED,
        "updated_on_utc": "2026-08-31T06:15:42.5133333", "display_order": len(shop.products) + 1,
        "short_description": f"<p>{values['name']}</p>", "manufacturer_part_number": values["sku"],
        "product_cost": money(values["price"] / 2),
    }  # fmt: skip
    row = shop.insert(entities.PRODUCT, shop.products, entities.PRODUCT.row(**(columns | values)))
    shop.product_extras[str(row["id"])] = {"tags": ["friluft"], "store_ids": [], "attributes": []}
    return row


def _variant_product(shop: Shop) -> None:
    items = [item for item in catalogue.ITEMS if item.sku in _VARIANTS]
    product = _product(
        shop, sku="BOOT", name="Vandringskänga", price=Decimal(items[0].price),
        weight=Decimal(items[0].weight), manage_inventory_method_id=int(Inventory.COMBINATION),
        stock_quantity=0,
    )  # fmt: skip
    names = {11 + place: item.sku.rpartition("-")[2] for place, item in enumerate(items)}
    sizes = [{**_ONE_SIZE, "id": number, "name": name} for number, name in names.items()]
    shop.product_extras[str(product["id"])] = {
        "tags": ["friluft", "skor"],
        "store_ids": [],
        "attributes": [{**_SIZE, "attribute_values": sizes}],
    }
    for item, size in zip(items, names, strict=True):
        row = entities.COMBINATION.row(
            product_id=product["id"],
            sku=item.sku,
            attributes_xml=attributes_xml({_SIZE["id"]: size}),
            stock_quantity=40,
        )
        shop.insert(entities.COMBINATION, shop.combinations, row)
