"""References read backwards: which shop order an M3 order says that it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from m3nop.engine.arrival import source_root
from m3nop.mapping.context import Context
from m3nop.mapping.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.mapping.pipeline import Pipeline

_SAMPLE = 918273645
"""A number that no store code contains."""
_CHUNK = 13
"""Bits of a number within one piece of a bitmap."""


class Reading:
    """Takes the id out of a reference that a store's pipeline makes of it alone."""

    def __init__(self, pipelines: Mapping[str, Pipeline]) -> None:
        self._patterns: dict[str, re.Pattern[str]] = {}
        for store, pipeline in pipelines.items():
            made = _sample(pipeline)
            if made.count(str(_SAMPLE)) == 1:
                before, _, after = made.partition(str(_SAMPLE))
                self._patterns[store] = re.compile(f"{re.escape(before)}([1-9][0-9]*){re.escape(after)}")

    @property
    def stores(self) -> tuple[str, ...]:
        """Stores whose references can be read backwards."""
        return tuple(self._patterns)

    def of(self, reference: str) -> tuple[str, str] | None:
        """Return store and key of a reference, or None if it is not one of ours."""
        for store, pattern in self._patterns.items():
            found = pattern.fullmatch(reference.strip())
            if found is not None:
                return store, found[1]
        return None


def _sample(pipeline: Pipeline) -> str:
    if pipeline.reference is None:
        return ""
    context = Context(now=0, time_zone="UTC", lookups=pipeline.lookups)
    try:
        return str(pipeline.reference.evaluate(source_root(pipeline, {"id": _SAMPLE}), context) or "")
    except EvaluationError:
        return ""


class SeenKeys:
    """Keys that were seen, a bit each where they are numbers: a million take an eighth of a megabyte."""

    def __init__(self) -> None:
        self._pieces: dict[int, bytearray] = {}
        self._texts: set[str] = set()

    def add(self, key: str) -> None:
        """Remember a key."""
        if not _plain(key):
            self._texts.add(key)
            return
        piece = self._pieces.setdefault(int(key) >> _CHUNK, bytearray(1 << (_CHUNK - 3)))
        at = int(key) & ((1 << _CHUNK) - 1)
        piece[at >> 3] |= 1 << (at & 7)

    def __contains__(self, key: str) -> bool:
        if not _plain(key):
            return key in self._texts
        piece = self._pieces.get(int(key) >> _CHUNK)
        at = int(key) & ((1 << _CHUNK) - 1)
        return piece is not None and bool(piece[at >> 3] >> (at & 7) & 1)


def _plain(key: str) -> bool:
    return key.isascii() and key.isdecimal() and str(int(key)) == key
