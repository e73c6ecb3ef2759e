"""A registry of two small connectors: enough of an ERP and a shop to compile pipelines against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, InstanceOf, WithJsonSchema

from m3nop.core.connector import ConnectorType, Effect, FieldInfo, Operation, Resource
from m3nop.core.errors import ConfigurationError
from m3nop.core.secrets import SecretRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ErpConfig(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    type: Literal["m3"] = "m3"
    url: str
    password: Annotated[InstanceOf[SecretRef], WithJsonSchema({"type": "string"})] | None = None
    company: int | None = None
    page_size: int = 100
    table_reads: bool = True
    snapshot: bool = True


class ShopConfig(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["nopcommerce"] = "nopcommerce"
    url: str
    dialect: Literal["official", "oss"] = "official"


def fields(text: str) -> dict[str, FieldInfo]:
    """Read ``NAME:type:length`` with ``*`` for a mandatory field."""
    found = {}
    for word in text.split():
        name, kind, length = word.split(":")
        found[name.strip("*")] = FieldInfo(name.strip("*"), kind, int(length), mandatory=name.startswith("*"))
    return found


ERP = {
    operation.name: operation
    for operation in (
        Operation(
            "OIS100MI/AddBatchHead", Effect.UNSAFE, bulk="OIS100MI",
            inputs=fields("*CUNO:A:10 ORTP:A:3 FACI:A:3 WHLO:A:3 CUOR:A:20 ORDT:D:8 TEPY:A:3 OREF:A:30 CUCD:A:3"),
            outputs=fields("ORNO:A:10"),
        ),
        Operation("OIS100MI/DelBatchHead", Effect.IDEMPOTENT, inputs=fields("*ORNO:A:10"), outputs={}),
        Operation(
            "OIS100MI/AddBatchAddress", Effect.UNSAFE,
            inputs=fields("*ORNO:A:10 *ADRT:A:2 CUNM:A:36 CUA1:A:36 TOWN:A:20 CSCD:A:3"), outputs={},
        ),
        Operation(
            "OIS100MI/AddBatchLine", Effect.UNSAFE, bulk="OIS100MI",
            inputs=fields("*ORNO:A:10 *ITNO:A:15 *ORQT:N:15 SAPR:N:17 CUPO:N:7"),
            outputs=fields("PONR:N:5 POSX:N:2"),
        ),
        Operation(
            "OIS100MI/AddBatchHeadChg", Effect.UNSAFE,
            inputs=fields("*ORNO:A:10 *CRID:A:6 CRAM:N:17"), outputs={},
        ),
        Operation(
            "OIS100MI/Confirm", Effect.UNSAFE, inputs=fields("*ORNO:A:10"), outputs=fields("ORNO:A:10 STAT:A:2"),
        ),
        Operation(
            "OIS100MI/LstBatchHead", Effect.READ, many=True, inputs=fields("CUNO:A:10"),
            outputs=fields("ORNO:A:10 CUOR:A:20 ORTP:A:3 CUNO:A:10"),
        ),
        Operation(
            "OIS100MI/LstHead", Effect.READ, many=True, inputs=fields("CUNO:A:10"),
            outputs=fields("ORNO:A:10 CUOR:A:20 ORTP:A:3 CUNO:A:10"),
        ),
        Operation(
            "OIS100MI/LstBatchLine", Effect.READ, many=True, inputs=fields("*ORNO:A:10"),
            outputs=fields("PONR:N:5 CUPO:N:7 ITNO:A:15 ORQT:N:15 SAPR:N:17"),
        ),
        Operation(
            "OIS275MI/GetTmpOrderStat", Effect.READ, inputs=fields("*ORNO:A:10"),
            outputs=fields("ORNO:A:10 ORNR:A:10 STAT:A:2"),
        ),
        Operation(
            "CRS610MI/Add", Effect.KEYED, inputs=fields("CUNO:A:10 *CUNM:A:36 CUA1:A:36 MAIL:A:256"),
            outputs=fields("CUNO:A:10"), key="CUNO",
        ),
        Operation("CRS610MI/GetBasicData", Effect.READ, inputs=fields("*CUNO:A:10"), outputs=fields("CUNO:A:10 CUNM:A:36")),
    )
}  # fmt: skip

TABLES = {
    "table:OXHEAD": fields("OAORNO:A:10 OACUNO:A:10 OAORTP:A:3 OACUOR:A:20"),
    "table:OOHEAD": fields("OAORNO:A:10 OACUNO:A:10 OAORTP:A:3 OACUOR:A:20"),
}


class ErpCatalog:
    def __init__(self, config: ErpConfig) -> None:
        self._config = config

    def operation(self, name: str) -> Operation | None:
        if name.startswith("table:"):
            columns = TABLES.get(name)
            allowed = self._config.table_reads and columns is not None
            return Operation(name, Effect.READ, columns, columns, many=True, bulk=name) if allowed else None
        if not self._config.snapshot and name in ERP:
            return Operation(name, ERP[name].effect)
        return ERP.get(name)

    def operations(self) -> Sequence[str]:
        return list(ERP)

    def resource(self, name: str) -> Resource | None:
        return None

    def resources(self) -> Sequence[str]:
        return []

    def remedy(self, name: str) -> str:
        return "set `table_reads: true`" if name.startswith("table:") and not self._config.table_reads else ""


ORDER_FIELDS = frozenset(
    [
        "id",
        "store_id",
        "customer_id",
        "created_on_utc",
        "order_status",
        "payment_status",
        "payment_method",
        "vat_number",
        "order_subtotal_excl_tax",
        "order_shipping_excl_tax",
        "custom_values",
        "items",
        "items.id",
        "items.sku",
        "items.quantity",
        "items.unit_price_excl_tax",
        "items.price_excl_tax",
        "customer",
        "customer.id",
        "customer.is_guest",
        "shipping_address",
        "shipping_address.city",
        "shipping_address.address1",
        "shipping_address.country_code",
    ]
)
IDENTITY = frozenset({"id", "store_id", "customer_id", "created_on_utc"})
TYPES = {
    path: FieldInfo(path, kind, length)
    for path, kind, length in (
        ("id", "N", 9), ("created_on_utc", "instant", None), ("payment_method", "word", None),
        ("customer.is_guest", "bool", None), ("shipping_address.city", "free", None),
        ("shipping_address.country_code", "A", 2),
    )
}  # fmt: skip


class ShopCatalog:
    def __init__(self, config: ShopConfig) -> None:
        self._config = config
        self._operations = {
            "orders/note": Operation("orders/note", Effect.UNSAFE, fields("*order_id:N:9 *note:A:400"), {}),
            "products": Operation("products", Effect.OVERWRITE, upserts=True),
        }
        if config.dialect == "official":
            self._operations["orders/attribute"] = Operation(
                "orders/attribute", Effect.IDEMPOTENT,
                fields("*order_id:N:9 *store_id:N:9 *key:A:400 *value:A:4000"), {},
            )  # fmt: skip

    def operation(self, name: str) -> Operation | None:
        return self._operations.get(name)

    def operations(self) -> Sequence[str]:
        return list(self._operations)

    def resource(self, name: str) -> Resource | None:
        if name == "orders":
            return Resource("orders", ORDER_FIELDS, IDENTITY, types=TYPES)
        if name == "customers":
            names = frozenset({"id", "email", "company", "store_id", "first_name", "address"})
            return Resource("customers", names, frozenset({"id", "store_id"}))
        return None

    def resources(self) -> Sequence[str]:
        return ["orders", "customers"]

    def remedy(self, name: str) -> str:
        oss = self._config.dialect == "oss"
        return "mark the step `optional: true`" if oss and name == "orders/attribute" else ""


def _erp(config: Any, *, metadata: Mapping[str, Any]) -> ErpCatalog:
    if "foreign.json" in metadata:
        msg = "foreign.json is no snapshot"
        raise ConfigurationError(msg)
    return ErpCatalog(config)


def _shop(config: Any, *, metadata: Mapping[str, Any]) -> ShopCatalog:
    return ShopCatalog(config)


REGISTRY: Mapping[str, ConnectorType] = {
    "m3": ConnectorType("m3", config=ErpConfig, catalog=_erp, open="none:none", secrets=("password",)),
    "nopcommerce": ConnectorType("nopcommerce", config=ShopConfig, catalog=_shop, open="none:none"),
}
