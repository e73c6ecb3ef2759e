"""Connector nopcommerce: a shop through its official Web API plugin or the open-source Nop.Plugin.Api."""

from __future__ import annotations

from m3nop.connectors.nopcommerce.catalog import open_catalog
from m3nop.connectors.nopcommerce.config import NopCommerceConfig
from m3nop.core.connector import ConnectorType

NOPCOMMERCE = ConnectorType(
    "nopcommerce",
    NopCommerceConfig,
    open_catalog,
    "m3nop.connectors.nopcommerce.connection:open_connection",
    secrets=("credentials.password", "credentials.token"),
)
