"""The shop's tables in the books, and the few look-ups that both dialects need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.sandbox.books import KEY
from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.moments import shop_time
from m3nop.sandbox.shop.statuses import Inventory
from m3nop.sandbox.shop.variants import choice, same_choice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from m3nop.sandbox.books import Condition, Table
    from m3nop.sandbox.shop.entities import Entity, Row
    from m3nop.sandbox.world import World

_FIRST_IDS = {"Order": 1001, "OrderItem": 2001}


class Shop:
    """One nopCommerce installation with all its stores."""

    def __init__(self, world: World) -> None:
        self.world = world
        table = world.books.table
        self._open_goods()
        self.orders = table(
            "shop.orders",
            indexes=[
                "id", "customer_id", "custom_order_number", "order_guid",
                ["deleted", "created_on_utc"], ["deleted", "store_id", "id"],
            ],
        )  # fmt: skip
        self.items = table("shop.order_items", indexes=["order_id"])
        self.notes = table("shop.order_notes", indexes=["order_id"])
        self.addresses = table("shop.addresses")
        self.customers = table("shop.customers", indexes=["id", "email", "customer_guid"])
        self.customer_addresses = table("shop.customer_addresses", indexes=["customer_id"])
        self.customer_roles = table("shop.customer_roles", indexes=["customer_id"])
        self.passwords = table("shop.passwords")
        self.tokens = table("shop.tokens")
        self.roles = table("shop.roles")
        self.countries = table("shop.countries")
        self.states = table("shop.states")
        self.stores = table("shop.stores")
        self.warehouses = table("shop.warehouses")
        self.currencies = table("shop.currencies")
        self.languages = table("shop.languages")
        self.tax_categories = table("shop.tax_categories")
        self.discounts = table("shop.discounts")
        self.discount_usages = table("shop.discount_usages", indexes=["order_id"])
        self.attributes = table("shop.generic_attributes", indexes=[["key_group", "entity_id"]])

    def _open_goods(self) -> None:
        table = self.world.books.table
        self.products = table(
            "shop.products",
            indexes=[
                "sku", ["deleted", "id"], ["deleted", "display_order"],
                ["deleted", "published", "display_order"],
            ],
        )  # fmt: skip
        self.product_extras = table("shop.product_extras")
        self.combinations = table("shop.combinations", indexes=["product_id", "sku"])
        self.inventories = table("shop.inventories", indexes=["product_id"])
        self.stock_history = table("shop.stock_history", indexes=["product_id"])
        self.tier_prices = table("shop.tier_prices", indexes=["product_id"])
        self.slugs = table("shop.url_records")
        self.shipments = table("shop.shipments", indexes=["order_id", "created_on_utc"])
        self.shipment_items = table("shop.shipment_items", indexes=["shipment_id", "order_item_id"])
        self.localized = table(
            "shop.localized_properties", indexes=[["locale_key_group", "entity_id", "language_id"]]
        )

    def now(self) -> str:
        """Return the present time as the shop writes it."""
        return shop_time(self.world.clock.now(), digit=7)

    def draw(self, entity: Entity, *, count: int = 1) -> int:
        """Draw the next id of an entity, or the first of ``count``."""
        start = _FIRST_IDS.get(entity.name, 1)
        return self.world.books.next_number(f"shop.{entity.name}", start=start, count=count)

    def insert(self, entity: Entity, table: Table, row: Row) -> Row:
        """Store a new row under the next id and return it."""
        row = {**row, "id": self.draw(entity)}
        table[str(row["id"])] = row
        return row

    def combination(self, product_id: int, attributes_xml: str | None) -> Row | None:
        """Return the combination of a product that is chosen by an attributes text."""
        if not choice(attributes_xml):
            return None
        return next(
            (
                row
                for row in self.combinations.find(product_id=product_id)
                if same_choice(row["attributes_xml"], attributes_xml)
            ),
            None,
        )

    def sku(self, product: Row, attributes_xml: str | None) -> str:
        """Return the SKU of what is chosen: the combination's own where there is one, else the product's."""
        if product["manage_inventory_method_id"] == Inventory.COMBINATION:
            combination = self.combination(product["id"], attributes_xml)
            if combination and combination["sku"]:
                return str(combination["sku"])
        return str(product["sku"] or "")

    def extras(self, product_id: int) -> Row:
        """Return what a product has besides its columns: ``tags``, ``store_ids`` and ``attributes``."""
        return self.product_extras.get(str(product_id), {"tags": [], "store_ids": [], "attributes": []})

    def chosen(self, product_id: int, attributes_xml: str | None) -> list[tuple[str, str]]:
        """Return what an attributes text chooses, as names of attributes and values."""
        attributes = {item["id"]: item for item in self.extras(product_id)["attributes"]}
        return [
            (attributes[mapping]["product_attribute_name"], value["name"])
            for mapping, number in choice(attributes_xml)
            for value in attributes[mapping]["attribute_values"]
            if str(value["id"]) == number
        ]

    def inventory(self, product_id: int, warehouse_id: int) -> Row | None:
        """Return the stock row of a product in a warehouse."""
        rows = self.inventories.find(product_id=product_id)
        return next((row for row in rows if row["warehouse_id"] == warehouse_id), None)

    def add_note(self, order_id: int, note: str, *, at: str | None = None) -> None:
        """Write an order note, as the shop does whenever an order changes."""
        row = entities.ORDER_NOTE.row(order_id=order_id, note=note, created_on_utc=at or self.now())
        self.insert(entities.ORDER_NOTE, self.notes, row)

    def order_items(self, order_id: int) -> list[Row]:
        """Return the lines of an order."""
        return self.items.find(order_id=order_id)

    def addresses_of(self, customer_id: int) -> list[Row]:
        """Return the address book of a customer."""
        return [
            address
            for link in self.customer_addresses.find(customer_id=customer_id)
            if (address := self.addresses.get(str(link["address_id"])))
        ]

    def link_address(self, customer_id: int, address_id: int) -> None:
        """Put an address into a customer's address book."""
        self.customer_addresses[f"{customer_id}/{address_id}"] = {
            "customer_id": customer_id,
            "address_id": address_id,
        }

    def role_ids(self, customer_id: int) -> list[int]:
        """Return the ids of a customer's roles."""
        return sorted(link["role_id"] for link in self.customer_roles.find(customer_id=customer_id))

    def role_names(self, customer_id: int) -> set[str]:
        """Return the system names of a customer's roles."""
        return {self.roles[str(role)]["system_name"] for role in self.role_ids(customer_id)}

    def give_role(self, customer_id: int, role_id: int) -> None:
        """Put a customer into a role."""
        self.customer_roles[f"{customer_id}/{role_id}"] = {"customer_id": customer_id, "role_id": role_id}

    def take_role(self, customer_id: int, role_id: int) -> None:
        """Take a customer out of a role."""
        self.customer_roles.pop(f"{customer_id}/{role_id}", None)

    def as_shown(self, table: Table, conditions: Iterable[Condition]) -> list[Condition]:
        """Return the conditions of a list, without the newest rows when a script says that they come late."""
        wanted = list(conditions)
        late = self.world.fault("late_records")
        newest = table.select(*wanted, order=("id",), descending=True, limit=late.count) if late else []
        return [*wanted, ("id", "<", newest[-1]["id"])] if newest else wanted

    def listed(self, rows: list[Row]) -> list[Row]:
        """Return the rows of a list, the first ones twice when a script says so."""
        twice = self.world.fault("duplicate_records")
        return [*rows[: twice.count], *rows] if twice else rows

    def first_of_page(self, first: int) -> int:
        """Return where a page begins, elsewhere when a script says that the list has moved meanwhile."""
        drift = self.world.fault("drifting_pages")
        return max(0, first + drift.count) if drift and first else first

    def by_ids(self, table: Table, ids: Sequence[int], *conditions: Condition) -> list[Row]:
        """Return the rows that exist of these ids, in the order asked for."""
        wanted: list[Condition] = [(KEY, "in", [str(number) for number in ids]), *conditions]
        found: dict[int, Any] = {row["id"]: row for row in table.select(*self.as_shown(table, wanted))}
        return self.listed([found[number] for number in ids if number in found])
