"""Product attributes as nopCommerce keeps them on order lines and combinations: a small XML text."""

from __future__ import annotations

import re

_ATTRIBUTE = re.compile(r'<ProductAttribute ID="(\d+)">(.*?)</ProductAttribute>', re.DOTALL)
_VALUE = re.compile(r"<Value>([^<]*)</Value>")


def attributes_xml(chosen: dict[int, int]) -> str:
    """Write the choice of attribute values, by attribute mapping id."""
    inner = "".join(
        f'<ProductAttribute ID="{mapping}"><ProductAttributeValue><Value>{value}</Value>'
        "</ProductAttributeValue></ProductAttribute>"
        for mapping, value in chosen.items()
    )
    return f"<Attributes>{inner}</Attributes>"


def choice(text: str | None) -> list[tuple[int, str]]:
    """Read the choice back: attribute mapping id and value, in the order of the text."""
    return [
        (int(mapping), value.strip())
        for mapping, inner in _ATTRIBUTE.findall(text or "")
        for value in _VALUE.findall(inner)
    ]


def same_choice(first: str | None, second: str | None) -> bool:
    """Tell whether two texts choose the same values."""
    return sorted(choice(first)) == sorted(choice(second))
