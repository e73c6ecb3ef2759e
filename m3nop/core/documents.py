"""Where in a document something stands, as a pipeline's ``trigger`` says: ``Header/ID`` or ``Line/@no``."""

from __future__ import annotations

import re

from msgspec import Struct

_NAME = r"[A-Za-z_][\w.-]*"
_STEP = re.compile(rf"({_NAME})(?:\[@({_NAME})=([^\]\[]*)\])?")
_LAST = re.compile(rf"@{_NAME}")
_MOST_STEPS = 32


class Place(Struct, frozen=True):
    """A way of names from what the document is about; namespaces do not count."""

    text: str
    way: tuple[str, ...]
    """The names, of an attribute with ``@`` before it."""
    conditions: tuple[tuple[int, str, str], ...] = ()
    """For steps, by their number from 0, an attribute and the value that it must have."""


def place_of(text: str) -> Place:
    """Read a place: ``NAME`` or ``NAME[@ATTRIBUTE=VALUE]``, ``/`` between them, at last an ``@ATTRIBUTE``.

    Raises:
        ValueError: it is none.
    """
    steps, way, conditions = text.split("/"), [], []
    for number, step in enumerate(steps):
        found = _STEP.fullmatch(step)
        if found is not None:
            way.append(found[1])
            if found[2]:
                conditions.append((number, found[2], found[3].strip("'\"")))
        elif number == len(steps) - 1 and _LAST.fullmatch(step):
            way.append(step)
        else:
            raise ValueError(text)
    if len(way) > _MOST_STEPS:
        raise ValueError(text)
    return Place(text, tuple(way), tuple(conditions))


def topic_of(document: str, place: Place) -> str:
    """Return what a message is about whose key was found there: the name of the document and the place."""
    return f"{document} {place.text}"
