"""A chart of orders a second, as SVG that any browser shows."""

from __future__ import annotations

import math
import statistics
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.orders import Found

_LEFT, _BAR, _RIGHT = 190, 520, 90
_ROW, _GAP = 20, 34
_WIDTH = _LEFT + _BAR + _RIGHT
_OURS, _THEIRS = "#0b6e4f", "#8a94a6"


def svg(orders: Mapping[str, Found]) -> str:
    """Draw a group of bars for each setting, on one logarithmic scale."""
    groups = {
        setting: {name: statistics.median(one.rate for one in runs) for name, runs in found.items()}
        for setting, found in orders.items()
    }
    rates = [rate for group in groups.values() for rate in group.values()]
    if not rates:
        return _frame(_GAP, [])
    scale = _Scale(min(rates), max(rates))
    drawn, y = [], _GAP
    for setting, group in groups.items():
        drawn.append(f'<text x="0" y="{y - 12}" class="title">{escape(setting)}</text>')
        for name, rate in sorted(group.items(), key=lambda one: -one[1]):
            drawn += _bar(name, rate, y, scale)
            y += _ROW
        y += _GAP
    return _frame(y, drawn)


class _Scale:
    def __init__(self, least: float, most: float) -> None:
        self._low = math.floor(math.log10(least))
        self._decades = max(math.log10(most) - self._low, 0.1)

    def length(self, rate: float) -> float:
        return max((math.log10(rate) - self._low) / self._decades * _BAR, 1)


def _bar(name: str, rate: float, y: int, scale: _Scale) -> Iterator[str]:
    length, colour = scale.length(rate), _OURS if name.startswith("m3nop") else _THEIRS
    yield f'<text x="{_LEFT - 8}" y="{y + 11}" class="name">{escape(name)}</text>'
    yield f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_ROW - 5}" fill="{colour}"/>'
    yield f'<text x="{_LEFT + length + 6:.1f}" y="{y + 11}">{rate:,.0f}</text>'


def _frame(height: int, drawn: list[str]) -> str:
    style = "text{font:12px sans-serif;fill:#333}.name{text-anchor:end}.title{font-weight:bold}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">'
    title = "<title>Orders a second, on a logarithmic scale</title>"
    back = f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>'
    return "\n".join([head, title, f"<style>{style}</style>", back, *drawn, "</svg>\n"])
