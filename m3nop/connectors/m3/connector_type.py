"""The line of the registry that makes M3 a connector."""

from __future__ import annotations

from m3nop.connectors.m3.catalog import catalog
from m3nop.connectors.m3.config import M3Config
from m3nop.core.connector import ConnectorType

M3 = ConnectorType(
    "m3",
    config=M3Config,
    catalog=catalog,
    open="m3nop.connectors.m3.connection:open_m3",
    secrets=(
        "credentials.ionapi",
        "credentials.password",
        "credentials.client_secret",
        "credentials.access_key",
        "credentials.secret_key",
    ),
)
