"""What M3 knows of some articles of the catalogue beyond it: names by language, units, lower prices."""

from __future__ import annotations

from msgspec import Struct


class Unit(Struct, frozen=True):
    """A unit in which an article is counted besides its basic one."""

    code: str
    factor: str
    """How many basic units it holds."""
    ean: int = 0
    """Number of its own bar code; 0 for none."""


UNITS: dict[str, tuple[Unit, ...]] = {
    "CARABINER": (Unit("BOX", "12", ean=9001),),
    "FUEL-230": (Unit("CTN", "24", ean=9002), Unit("PAL", "1440")),
    "BATT-AAA-4": (Unit("BOX", "20", ean=9003),),
    "SOCK-M": (Unit("PCK", "3"),),
    "ROPE-M": (Unit("ROL", "200"), Unit("CM", "0.01")),
}
"""By SKU. ``ROPE-M`` has metres as its basic unit, and one unit that is smaller than it."""

NAMES: dict[str, dict[str, str]] = {
    "TENT-2P": {"GB": "Dome tent Fell 2", "SE": "Kupoltält Fjäll 2", "DE": "Kuppelzelt Fjäll 2"},
    "TENT-3P": {"GB": "Dome tent Fell 3", "SE": "Kupoltält Fjäll 3", "DE": "Kuppelzelt Fjäll 3"},
    "BAG-DOWN-M": {"SE": "Dunsovsäck M, 650 g", "DE": "Daunenschlafsack M, 650 g"},
    "STOVE-GAS": {"GB": "Gas stove size S", "SE": "Gasolkök storlek S", "DE": "Gaskocher Größe S"},
    "LAMP-HEAD": {"GB": "Head lamp 400 lm", "SE": "Pannlampa 400 lm", "DE": "Stirnlampe 400 lm"},
    "BOTTLE-1L": {"SE": "Flaska 1 l, grön", "DE": "Flasche 1 l, grün"},
    "ROPE-M": {"SE": "Rep på metervara", "DE": "Seil als Meterware"},
}
"""By SKU and M3's language code; an article that is not here has one name."""

TIERS: dict[str, tuple[tuple[int, str], ...]] = {
    "CARABINER": ((12, "8.40"), (48, "7.90")),
    "FUEL-230": ((24, "6.25"),),
    "MUG-TI": ((10, "20.00"), (25, "18.50")),
}
"""By SKU: lower web prices in EUR, each with the quantity from which it holds."""
