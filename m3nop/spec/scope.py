"""Which names an expression may use, and where in a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACES: Mapping[str, str] = {
    "result": "in expect and pending_when",
    "row": "in match of a probe and message of reasons",
    "position": "under for_each",
    "reference": "in pipelines that have a reference, and not in key, source and reference itself",
    "vars": "everywhere but in source, key and reference",
    "steps": "in steps, probes, link and remember",
    "link": "in vars, checks, steps and remember",
    "remembered": "in vars, checks, steps and remember",
    "watermark": "in the fields of a source",
    "attempt": "in vars, checks, steps and remember",
    "settings": "everywhere but in key and reference",
    "environment": "everywhere but in key and reference",
}
"""Root names that are known somewhere, and where."""

MEMBERS: Mapping[str, frozenset[str]] = {
    "store": frozenset({"code", "store_id"}),
    "link": frozenset({"exists", "shop", "m3"}),
    "attempt": frozenset({"number"}),
}
"""Root names whose members are always the same."""

RESERVED = frozenset({*PLACES, *MEMBERS})


class StepShape(Struct, frozen=True):
    """What later expressions may ask of a step."""

    id: str
    members: frozenset[str] | None
    """Names after ``steps.ID``; None where they are not known."""
    skipped: str = ""
    """Why it may be skipped, or ``""``."""
    when: str = ""
    """The text of its condition: a step with the same one may rely on it."""


class Scope(Struct, frozen=True):
    """The names that an expression sees."""

    record: str
    roots: frozenset[str]
    steps: Mapping[str, StepShape] = field(default_factory=dict)
    vars: tuple[str, ...] = ()
    items: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    """Names of items, and the path of the record that they are read from, where that is plain."""
    when: str = ""
    """The condition that is known to be true here."""

    @property
    def names(self) -> frozenset[str]:
        """Every root name."""
        return self.roots | {self.record} | frozenset(self.items)

    def adding(self, *roots: str) -> Scope:
        """Return a scope that knows more root names."""
        return replace(self, roots=self.roots | set(roots))

    def with_step(self, shape: StepShape) -> Scope:
        """Return a scope in which one step more is done."""
        return replace(self, steps={**self.steps, shape.id: shape})

    def with_var(self, name: str) -> Scope:
        """Return a scope that knows one more of the vars."""
        return replace(self, vars=(*self.vars, name))

    def with_item(self, name: str, path: tuple[str, ...] | None) -> Scope:
        """Return the scope inside a ``for_each``."""
        return replace(self, items={**self.items, name: path}, roots=self.roots | {"position"})

    def under(self, when: str) -> Scope:
        """Return the scope of a step with this condition."""
        return replace(self, when=when)
