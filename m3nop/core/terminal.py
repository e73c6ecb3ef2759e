"""Text that cannot command a terminal."""

from __future__ import annotations

import re

from m3nop.core import json

_NOT_ASCII = re.compile(r"[^\n -~]+")


def printable(text: str) -> str:
    """Make control characters visible, so that data cannot command the terminal."""
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else f"\\x{ord(letter):02x}" for letter in text
    )


def json_text(value: json.Json, *, indent: int | None = None) -> str:
    """Write JSON in which every character that does not print is escaped, so that none commands terminals."""
    return _NOT_ASCII.sub(_escaped, json.dumps(value, indent=indent))


def _escaped(found: re.Match[str]) -> str:
    text = found[0]
    if text.isprintable():
        return text
    # As JSON does it: beyond the first plane in two halves.
    return "".join(letter if letter.isprintable() else _ascii_json(letter) for letter in text)


def _ascii_json(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
