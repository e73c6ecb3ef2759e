"""Checks that nothing is entered twice whatever crashes: commits, probes, undos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.connector import Effect
from m3nop.spec.values import split_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.core.connector import Operation
    from m3nop.mapping.pipeline import Probe
    from m3nop.spec.desk import Desk
    from m3nop.spec.models import PipelineSpec
    from m3nop.spec.steps import Placed


def check_safety(
    desk: Desk, spec: PipelineSpec, placed: Sequence[Placed], probes: Mapping[str, Probe]
) -> None:
    """Check a pipeline's unsafe calls, and where commits, probes and undos stand."""
    _Safety(desk, spec, placed, probes).check()


class _Safety:
    def __init__(
        self, desk: Desk, spec: PipelineSpec, placed: Sequence[Placed], probes: Mapping[str, Probe]
    ) -> None:
        self._desk = desk
        self._spec = spec
        self._placed = placed
        self._probes = probes
        commits = [index for index, step in enumerate(placed) if step.spec.commit]
        self._commits = commits
        self._commit = commits[0] if commits else len(placed)

    def check(self) -> None:
        self._check_commit()
        undoable = made = False
        for index, step in enumerate(self._placed):
            before = bool(self._commits) and index < self._commit
            self._check_keys(step, index, before=before)
            operation = self._operation(step)
            if operation is not None and operation.effect is Effect.KEYED:
                self._check_own_key(step, operation)
            if operation is None or operation.effect is not Effect.UNSAFE:
                continue
            undoable = undoable or (before and step.spec.undo is not None)
            self._check_unsafe(step, index, undoable=undoable and made, before=before)
            if before and not made:
                self._check_collective(step)
            made = made or before

    def _operation(self, step: Placed) -> Operation | None:
        """Return the operation of a step's call, or None where it makes none or no catalog knows it."""
        if step.spec.call is None or self._desk.site.catalogs is None:
            return None
        connection, name = split_target(step.spec.call)
        catalog = self._desk.site.catalogs.get(connection)
        return catalog.operation(name) if catalog else None

    def _problem(self, step: Placed, key: str, code: str, message: str, hint: str = "") -> None:
        self._desk.add(self._desk.at((*step.loc, key), key=True), code, message, hint)

    def _check_commit(self) -> None:
        for index in self._commits[1:]:
            first = self._placed[self._commits[0]].step.id
            self._problem(
                self._placed[index], "commit", "several-commits", f"step '{first}' is the commit already"
            )
        if not self._commits:
            if self._spec.double_check is not None:
                at = self._desk.at(("double_check",), key=True)
                self._desk.add(at, "commit-only", "`double_check` belongs to a pipeline with a commit")
            return
        step = self._placed[self._commits[0]]
        for key, wrong in (
            ("when", step.step.when),
            ("for_each", step.spec.for_each),
            ("optional", step.spec.optional),
        ):
            if wrong:
                self._problem(step, key, "commit-form", f"the commit cannot have `{key}`")
        if not step.top:
            self._problem(step, "commit", "commit-form", "the commit cannot be nested in another step")
        self._check_once(step)

    def _check_once(self, step: Placed) -> None:
        """Check that something tells what was entered already: a link, or what is remembered."""
        if self._spec.link is None and not self._spec.remember:
            hint = "without a link the same record could be entered again"
            self._problem(step, "commit", "commit-form", "a pipeline with a commit needs `link`", hint)
        if self._spec.remember and self._spec.skip_when is None:
            hint = "without it the same movement could be entered again"
            message = "a pipeline with a commit that has `remember` needs `skip_when`"
            self._problem(step, "commit", "commit-form", message, hint)
        if self._spec.remember:
            self._check_movement(step)

    def _check_movement(self, step: Placed) -> None:
        """Check that a movement can be found again, also by a state that knows nothing of it."""
        operation, probe = self._operation(step), self._probes.get(step.spec.probe or "")
        given_up = probe is None and step.spec.in_doubt is not None
        if operation is not None and operation.effect is Effect.UNSAFE and given_up:
            # Without `in_doubt` every unsafe commit is told so.
            message = f"{operation.name} enters a movement, and no `probe` tells whether that was done"
            hint = "name a probe that looks for it by its text; a person cannot settle it by the state alone"
            self._problem(step, "call", "unsafe-step", message, hint)
        rules = [*step.step.request.fields, *(probe.read.fields if probe else ())]
        found = [rule.expression for rule in rules] + [probe.match if probe else None]
        paths = [path for expression in found if expression is not None for path in expression.paths]
        known = {step.step.id, *self._before_first_call()}
        others = {path[1] for path in paths if path[0] == "steps" and path[1:] and path[1] not in known}
        if others:
            message = f"what is looked for before the first call cannot depend on step '{min(others)}'"
            self._problem(step, "commit", "commit-form", message, "use `vars`")

    def _before_first_call(self) -> Iterator[str]:
        """Name the steps that are done before the first one that acts."""
        for placed in self._placed:
            if placed.spec.call is not None:
                return
            yield placed.step.id

    def _check_keys(self, step: Placed, index: int, *, before: bool) -> None:
        spec = step.spec
        if spec.pending_when is not None and not spec.commit:
            self._problem(step, "pending_when", "commit-only", "`pending_when` belongs to the commit")
        elif spec.pending_when is not None and spec.probe is None:
            message = "`pending_when` needs a `probe`, which tells when the system is done"
            self._problem(step, "pending_when", "unknown-probe", message)
        if spec.undo is not None and self._commits and not before:
            self._problem(step, "undo", "undo-after-commit", "from the commit on nothing is undone")
        if spec.verify is not None and (spec.for_each is None or not before):
            self._problem(step, "verify", "commit-only", "`verify` belongs to a `for_each` before the commit")
        if spec.in_doubt == "probe" and spec.probe is None:
            self._problem(step, "in_doubt", "unknown-probe", f"step '{spec.id}' names no probe")
        if spec.in_doubt == "restart" and (not before or index >= self._commit):
            hint = "only what is undone before a commit can begin again"
            self._problem(
                step, "in_doubt", "commit-only", "`in_doubt: restart` belongs before a commit", hint
            )

    def _check_own_key(self, step: Placed, operation: Operation) -> None:
        """Refuse a call that is only safe to repeat because of its key, and can go without it."""
        key = operation.key
        if not key or step.step.call is None:
            return
        rule = next((rule for rule in step.step.call.fields if rule.name == key), None)
        if rule is not None and rule.when is None:
            return
        at = (*step.loc, "call") if rule is None else (*step.loc, "fields", key)
        message = f"{operation.name} without {key} takes the next number, and a repeat takes another"
        hint = f"make {key} from the key of the record"
        self._desk.add(self._desk.at(at, key=True), "no-key", message, hint)

    def _check_unsafe(self, step: Placed, index: int, *, undoable: bool, before: bool) -> None:
        spec = step.spec
        if spec.probe is not None or spec.in_doubt is not None or (before and undoable):
            return
        operation = (spec.call or "").partition("/")[2]
        if index == self._commit:
            hint = "name a `probe`, or say `in_doubt: review`"
            message = f"the commit {operation} can be left without an answer, and nothing settles it"
        elif before:
            hint = "name a `probe`, or give the step that makes the document an `undo`"
            message = f"{operation} doubles its effect when repeated, and nothing settles a lost answer"
        else:
            hint = "name a `probe`, or say `in_doubt: review`"
            message = f"{operation} doubles its effect when repeated, and nothing settles a lost answer"
        self._problem(step, "call", "unsafe-step", message, hint)

    def _check_collective(self, step: Placed) -> None:
        """Refuse a list by customer as probe where many records share one customer."""
        probe = self._probes.get(step.spec.probe or "")
        if probe is None or probe.exact or step.step.call is None:
            return
        sent = {rule.name: rule.expression for rule in step.step.call.fields}
        own = ("steps", step.step.id, "fields")
        paths = [path for rule in probe.read.fields if rule.expression for path in rule.expression.paths]
        asked = {path[-1] for path in paths if path[:-1] == own}
        for name in sorted(asked & sent.keys()):
            expression = sent[name]
            for path in expression.paths if expression else ():
                if path[0] == "settings" and (self._desk.site.settings or {}).get(path[-1]) is not None:
                    self._refuse_collective(step, name, ".".join(path))

    def _refuse_collective(self, step: Placed, name: str, setting: str) -> None:
        message = f"records that share {name} from `{setting}` cannot be told apart by this probe"
        hint = "use a probe by `reference` (a table read), or leave that setting out"
        self._desk.add(self._desk.at((*step.loc, "probe")), "collective-customer", message, hint)
