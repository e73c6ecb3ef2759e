"""What settings alone decide: whether a pipeline is switched on, and which of its commits it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.mapping.context import Context
from m3nop.mapping.errors import EvaluationError

if TYPE_CHECKING:
    from m3nop.mapping.expressions import Expression
    from m3nop.mapping.pipeline import Step
    from m3nop.spec.desk import Desk
    from m3nop.spec.scope import Scope
    from m3nop.spec.steps import Placed, StepCompiler
    from m3nop.spec.tree import Loc

_FIXED = frozenset({"settings", "store", "environment"})
"""Root names that are the same for every record."""


def is_enabled(desk: Desk, text: str | None, scope: Scope) -> bool:
    """Tell whether the settings switch a pipeline on; where they are not known it is."""
    if text is None:
        return True
    loc: Loc = ("enabled_when",)
    condition = desk.expression(loc, text, scope)
    if not _is_fixed(condition):
        message = "a pipeline is switched on by `settings`, `store` and `environment` only"
        desk.add(desk.at(loc), "enabled-form", message, "for single records there is `ready` or `filter`")
        return True
    return _holds(desk, loc, condition) is not False


def choose_commit(compiler: StepCompiler, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Leave out the commits that the settings switch off; the one that is left has no condition any more."""
    desk, placed = compiler.desk, compiler.placed
    optional = [one for one in placed if one.top and one.step.commit and _is_fixed(one.step.when)]
    left = {one.step.id: _holds(desk, (*one.loc, "when"), one.step.when) for one in optional}
    if None in left.values():
        # The settings are not known: one of them is as good as another to check the rest by.
        last = optional[-1].step.id
        left = {name: name == last for name in left}
    desk.used.probes.update(one.spec.probe for one in optional if one.spec.probe is not None)
    compiler.placed[:] = [one for one in placed if left.get(one.step.id, True)]
    for one in compiler.placed:
        if one.step.id in left:
            one.step = replace(one.step, when=None)
    if optional and not any(one.step.commit for one in compiler.placed):
        _refuse_none(desk, optional[0])
    return tuple(
        replace(step, when=None) if step.id in left else step for step in steps if left.get(step.id, True)
    )


def _refuse_none(desk: Desk, first: Placed) -> None:
    at = desk.at((*first.loc, "when"), key=True)
    hint = "one of several commits has to be left, whatever the settings are"
    desk.add(at, "commit-form", "the settings switch every commit off", hint)


def _is_fixed(condition: Expression | None) -> bool:
    return condition is not None and all(path[0] in _FIXED for path in condition.paths)


def _holds(desk: Desk, loc: Loc, condition: Expression | None) -> bool | None:
    site = desk.site
    if site.settings is None or condition is None:
        return None
    store = {"code": site.store.code, "store_id": site.store.store_id}
    root = {"settings": site.settings, "store": store, "environment": site.environment}
    try:
        return condition.condition(root, Context())
    except EvaluationError as error:
        desk.add(desk.at(loc), "wrong-value", str(error))
        return None
