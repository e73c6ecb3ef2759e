"""The values of a call, as a write needs them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce.refusals import unfit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.json import Json

_TRUE = frozenset({"true", "1", "yes"})


class Fields:
    """Reads the fields of a call.

    Raises (each method):
        ShopFailure: the value is missing or of another kind; nothing was sent.
    """

    def __init__(self, values: Mapping[str, Json]) -> None:
        self._values = values

    def number(self, name: str) -> int:
        """Return a whole number, given as a number or as text."""
        value = self._values.get(name)
        text = "" if value is None or isinstance(value, bool) else f"{value}".strip()
        if not (text.isascii() and text.isdigit()):
            raise unfit(name, f"`{name}` must be a whole number, it is {value!r}")
        return int(text)

    def whole(self, name: str) -> int:
        """Return a whole number, which may be negative."""
        value = self._values.get(name)
        try:
            number = Decimal("NaN" if value is None or isinstance(value, bool) else str(value).strip())
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or number != number.to_integral_value():
            raise unfit(name, f"`{name}` must be a whole number, it is {value!r}")
        return int(number)

    def given(self, name: str) -> bool:
        """Tell whether there is a value."""
        return self._values.get(name) not in (None, "")

    def text(self, name: str) -> str:
        """Return a value as text."""
        value = self._values.get(name)
        if value is None or isinstance(value, (dict, list)):
            raise unfit(name, f"`{name}` must be text, it is {value!r}")
        if isinstance(value, bool):
            return str(value).lower()
        return format(value, "f") if isinstance(value, Decimal) else str(value)

    def flag(self, name: str) -> bool:
        """Return a yes or no; no where nothing is given."""
        return str(self._values.get(name, "")).lower() in _TRUE
