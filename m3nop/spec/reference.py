"""Checks what a reference can become: its characters, and whether it fits wherever it is sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from m3nop.mapping.context import Context
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.values import text_of
from m3nop.spec.tree import find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.core.json import Json
    from m3nop.mapping.expressions import Expression
    from m3nop.mapping.fields import FieldRule
    from m3nop.spec.desk import Desk
    from m3nop.spec.steps import Placed

LARGEST_ID = 2**31 - 1
"""Ids of nopCommerce are 32-bit numbers."""

_ALLOWED = re.compile(r"[A-Z0-9-]+")
_LOC = ("reference",)


def check_reference(desk: Desk, reference: Expression, *, record: str, placed: Sequence[Placed]) -> None:
    """Check the longest reference that a record of this store can have."""
    sent = [(step, rule) for step in placed for rule in _sent(step)]
    for step, rule in sent:
        if rule.truncate:
            _refuse_cut(desk, step, rule)
    # What is said of it names the store.
    desk.used.store = True
    longest = _longest(desk, reference, record)
    if longest is None or any(problem.code == "reference-form" for problem in desk.problems):
        return
    code = desk.site.store.code
    if not _ALLOWED.fullmatch(longest):
        message = f"a reference of store '{code}' would be '{longest}'"
        desk.add(desk.at(_LOC), "reference-form", message, "only A-Z, 0-9 and - are in a reference")
        return
    for step, rule in sent:
        room = _room(step, rule)
        if room is not None and len(longest) > room:
            message = (
                f"a reference of store '{code}' can be '{longest}' ({len(longest)} characters), "
                f"{rule.name} holds {room}"
            )
            desk.add(desk.at(_LOC), "reference-form", message, "make it shorter")
            return


def _sent(step: Placed) -> list[FieldRule]:
    """Return the fields of a step's call that are the reference itself."""
    fields = step.step.call.fields if step.step.call else ()
    return [rule for rule in fields if rule.expression and rule.expression.text.strip() == "reference"]


def _room(step: Placed, rule: FieldRule) -> int | None:
    inputs = step.step.call.target.operation.inputs if step.step.call else None
    info = inputs.get(rule.name) if inputs else None
    return info.length if info else None


def _refuse_cut(desk: Desk, step: Placed, rule: FieldRule) -> None:
    own = (*step.loc, "fields", rule.name, "truncate")
    at = desk.at(own, key=True) if find(desk.node, own) is not None else desk.at(_LOC)
    desk.add(at, "reference-form", "a reference that was cut finds nothing again", "leave out `truncate`")


def _longest(desk: Desk, reference: Expression, record: str) -> str | None:
    """Work out the reference of the largest ids, or None where it is made of anything else."""
    sample: dict[str, Json] = {}
    for path in reference.paths:
        if path[0] == record and not _put_id(sample, path[1:]):
            return None
    store = {"code": desk.site.store.code, "store_id": desk.site.store.store_id}
    root: Mapping[str, Json] = {"store": store, record: sample}
    try:
        return text_of(reference.evaluate(root, Context()))
    except EvaluationError:
        return None


def _put_id(sample: dict[str, Json], path: tuple[str, ...]) -> bool:
    if not path or not (path[-1] == "id" or path[-1].endswith("_id")):
        return False
    for name in path[:-1]:
        sample = sample.setdefault(name, {})
    sample[path[-1]] = LARGEST_ID
    return True
