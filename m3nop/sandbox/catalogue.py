"""The goods, stores and countries that both doubles know."""

from __future__ import annotations

from msgspec import Struct


class Item(Struct, frozen=True):
    """One article: its name in the shop and its number in M3."""

    sku: str
    name: str
    price: str
    """Sales price in EUR without VAT."""
    weight: str
    """Kilograms."""
    number: str = ""
    """M3 item number where it differs from the SKU."""
    unit: str = "PCS"

    @property
    def ean(self) -> str:
        """Its bar code, an EAN-13."""
        return ean(ITEMS.index(self))

    @property
    def item_number(self) -> str:
        """The M3 item number."""
        return self.number or self.sku


def ean(number: int) -> str:
    """Return the EAN-13 with this number of its maker's."""
    digits = f"73500{number:07}"
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighed % 10}"


class Country(Struct, frozen=True):
    """One country, with the code that M3 uses."""

    code: str
    """Two letters, ISO 3166; M3's CSCD here too."""
    letters: str
    """Three letters, ISO 3166."""
    numeric: int
    name: str
    european_union: bool = True


class Store(Struct, frozen=True):
    """One storefront of the shop."""

    id: int
    code: str
    name: str
    host: str


STORES = (
    Store(1, "b2c", "Fjällräv Friluft", "b2c.shop.example.com"),
    Store(2, "b2b", "Fjällräv Proffs", "b2b.shop.example.com"),
)

COUNTRIES = (
    Country("SE", "SWE", 752, "Sweden"),
    Country("DE", "DEU", 276, "Germany"),
    Country("DK", "DNK", 208, "Denmark"),
    Country("FI", "FIN", 246, "Finland"),
    Country("FR", "FRA", 250, "France"),
    Country("NL", "NLD", 528, "Netherlands"),
    Country("PL", "POL", 616, "Poland"),
    Country("ES", "ESP", 724, "Spain"),
    Country("AT", "AUT", 40, "Austria"),
    Country("NO", "NOR", 578, "Norway", european_union=False),
    Country("CH", "CHE", 756, "Switzerland", european_union=False),
    Country("GB", "GBR", 826, "United Kingdom", european_union=False),
    Country("US", "USA", 840, "United States", european_union=False),
)

ITEMS = (
    Item("TENT-2P", "Kupoltält Fjäll 2", "149.50", "2.4"),
    Item("TENT-3P", "Kupoltält Fjäll 3", "199.00", "3.1"),
    Item("TENT-4P", "Tunneltält Vidda 4", "329.00", "5.8"),
    Item("TARP-3X3", "Tarp 3 m² grün", "79.00", "0.9"),
    Item("BAG-DOWN-M", "Dunsovsäck M, 650 g", "219.90", "1.1"),
    Item("BAG-DOWN-L", "Dunsovsäck L, 700 g", "229.90", "1.25"),
    Item("BAG-SYN-M", "Syntetsovsäck M", "99.95", "1.6"),
    Item("MAT-FOAM", "Liggunderlag skum", "19.90", "0.4"),
    Item("MAT-AIR", "Luftmatta UltraLätt", "89.00", "0.48"),
    Item("PILLOW", "Uppblåsbar kudde", "14.50", "0.09"),
    Item("STOVE-GAS", "Gaskocher Größe S", "44.90", "0.11"),
    Item("STOVE-MULTI", "Multibrännare Café", "129.00", "0.35"),
    Item("FUEL-230", "Gaskartusche 230 g", "6.95", "0.38"),
    Item("FUEL-450", "Gaskartusche 450 g", "10.95", "0.66"),
    Item("POT-1L", "Kastrull 1 l", "24.90", "0.19"),
    Item("POT-2L", "Kastrull 2 l", "34.90", "0.28"),
    Item("MUG-TI", "Titanmugg", "22.00", "0.06"),
    Item("SPOON-TI", "Titansked", "9.90", "0.02"),
    Item("KNIFE-FOLD", "Fällkniv", "39.00", "0.12"),
    Item("AXE-S", "Yxa liten", "69.00", "0.7"),
    Item("LAMP-HEAD", "Pannlampa 400 lm", "49.90", "0.09"),
    Item("LAMP-TENT", "Tältlykta", "29.90", "0.17"),
    Item("BATT-AAA-4", "Batterier AAA 4-pack", "4.95", "0.05"),
    Item("PACK-35", "Ryggsäck 35 l", "119.00", "1.2"),
    Item("PACK-65", "Ryggsäck 65 l", "199.00", "2.1"),
    Item("PACK-RAIN", "Regnskydd för ryggsäck", "24.50", "0.13"),
    Item("BOOT-42", "Vandringskänga 42", "179.00", "1.3"),
    Item("BOOT-43", "Vandringskänga 43", "179.00", "1.35"),
    Item("BOOT-44", "Vandringskänga 44", "179.00", "1.4"),
    Item("SOCK-M", "Ullstrumpa M", "17.90", "0.08"),
    Item("SOCK-L", "Ullstrumpa L", "17.90", "0.09"),
    Item("JACKET-M", "Skaljacka M", "249.00", "0.45"),
    Item("JACKET-L", "Skaljacka L", "249.00", "0.48"),
    Item("GLOVE-M", "Vantar merino M", "27.00", "0.07"),
    Item("CAP-WOOL", "Mössa ull", "24.00", "0.06"),
    Item("ROPE-8-20", "Rep Ø 8 mm, 20 m", "42.00", "0.8"),
    Item("ROPE-M", "Rep på metervara", "2.10", "0.04", unit="M"),
    Item("CARABINER", "Karbinhake", "8.90", "0.03"),
    Item("MAP-KEBNE", "Karta Kebnekaise 1:50 000", "16.90", "0.08"),
    Item("COMPASS", "Kompass", "34.00", "0.05"),
    Item("FILTER-H2O", "Vattenfilter", "39.90", "0.1"),
    Item("BOTTLE-1L", "Flaska 1 l, grön", "12.90", "0.15", number="10004711"),
    Item("GIFT-WRAP", "Presentinslagning", "3.50", "0"),
)
"""``BOTTLE-1L`` is the one whose SKU is not its M3 number; ``ROPE-M`` is sold in fractions of a metre."""

UNKNOWN_SKU = "DISC-2019"
"""An article that the shop still sells and M3 never had."""


def bulk_sku(number: int) -> str:
    """Return the SKU, and M3 item number, of an article that only load tests have; they count from 1."""
    return f"BULK-{number:06}"
