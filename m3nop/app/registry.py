"""The connectors there are. Adding one is a line here."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from m3nop.connectors.m3 import M3
from m3nop.connectors.nopcommerce import NOPCOMMERCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.connector import ConnectorType

CONNECTORS: Mapping[str, ConnectorType] = MappingProxyType({kind.name: kind for kind in (M3, NOPCOMMERCE)})
