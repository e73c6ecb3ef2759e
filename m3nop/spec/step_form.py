"""Checks which keys of a step go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.spec.desk import Desk
    from m3nop.spec.models import StepSpec
    from m3nop.spec.tree import Loc

_ANY = frozenset({"id", "description", "when", "for_each"})

KEYS: Mapping[str, frozenset[str]] = {
    "call": frozenset(
        {
            "fields",
            "outputs",
            "expect",
            "reasons",
            "probe",
            "in_doubt",
            "undo",
            "verify",
            "commit",
            "pending_when",
            "compare",
            "optional",
        }
    ),
    "read": frozenset({"fields", "outputs", "expect", "optional"}),
    "upsert": frozenset({"fields", "match", "on_create", "ambiguous", "missing", "optional"}),
    "requires": frozenset(),
    "switch": frozenset({"cases", "default"}),
    "values": frozenset({"expect"}),
    "steps": frozenset(),
}
"""The actions a step can have, and the keys that belong to each."""


def check_form(desk: Desk, spec: StepSpec, loc: Loc) -> None:
    """Check that a step has one action and only keys that belong to it."""
    actions = [name for name in KEYS if getattr(spec, name) is not None]
    at = desk.at((*loc, "id"))
    if len(actions) != 1:
        what = " and ".join(f"`{name}`" for name in actions) if actions else "no action"
        choice = ", ".join(KEYS)
        desk.add(at, "step-action", f"step '{spec.id}' has {what}", f"give it one of {choice}")
        return
    action = actions[0]
    if action == "steps" and spec.for_each is None:
        desk.add(at, "step-action", f"step '{spec.id}' has nested steps without `for_each`")
    if action == "switch" and spec.default is None:
        message = f"the switch '{spec.id}' needs `default`"
        desk.add(desk.at((*loc, "switch"), key=True), "switch-default", message, "`default: []` does nothing")
    if action == "upsert" and spec.match is None:
        desk.add(desk.at((*loc, "upsert"), key=True), "missing-key", "an upsert needs `match`")
    if action == "call":
        _check_ignores(desk, spec, loc)
    for name in sorted(spec.model_fields_set - _ANY - KEYS[action] - {action}):
        owners = " or ".join(f"`{owner}`" for owner, keys in KEYS.items() if name in keys)
        message = f"`{name}` does not go with `{action}`"
        desk.add(desk.at((*loc, name), key=True), "misplaced-key", message, f"it belongs to {owners}")


def _check_ignores(desk: Desk, spec: StepSpec, loc: Loc) -> None:
    for index, check in enumerate(spec.expect):
        if check.on_fail == "ignore":
            message = "what was sent cannot be ignored any more"
            hint = "put the condition on a `read` or `values` before it, or into `checks`"
            desk.add(desk.at((*loc, "expect", index, "on_fail")), "ignored-call", message, hint)
