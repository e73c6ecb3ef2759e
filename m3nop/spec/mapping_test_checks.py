"""Checks that tests fit their project: what they name must be there."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core.problems import Problem
from m3nop.mapping.pipeline import walk as every_step
from m3nop.spec.suggest import suggest
from m3nop.spec.tree import child, plain
from m3nop.spec.values import split_target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from m3nop.core.connector import Operation
    from m3nop.core.problems import Position
    from m3nop.mapping.pipeline import Pipeline
    from m3nop.spec.mapping_test_files import MappingTest, MappingTestFile
    from m3nop.spec.mapping_tests import ExpectedCallSpec
    from m3nop.spec.project import LoadedProject
    from m3nop.spec.tree import Loc

DEFAULT_ENVIRONMENT = "sandbox"

_BESIDE = ("compare:", "reasons:", "verify:")


def environment_of(project: LoadedProject, named: str | None) -> str | None:
    """Return the environment that tests run in: as named, else ``sandbox``, else the first."""
    known = project.environments
    return named or (DEFAULT_ENVIRONMENT if DEFAULT_ENVIRONMENT in known else next(iter(known), None))


def check_tests(file: MappingTestFile, project: LoadedProject) -> tuple[Problem, ...]:
    """Check one file of tests against its project."""
    if file.spec is None:
        return file.problems
    checking = _Checking(file, project, list(file.problems))
    checking.run()
    return tuple(checking.problems)


class _Checking(Struct, dict=True):
    file: MappingTestFile
    project: LoadedProject
    problems: list[Problem]

    def run(self) -> None:
        spec = self.file.spec
        assert spec is not None  # noqa: S101  check_tests has looked
        name = spec.pipeline
        environments = self.project.environments
        if spec.environment is not None:
            self._known(("environment",), "environment", spec.environment, environments)
        if not self._known(("pipeline",), "pipeline", name, self.project.pipelines):
            return
        self._wire()
        stores = self.project.stores_of(name)
        if spec.store is not None:
            self._known(("store",), "store", spec.store, stores)
        differing = self.project.differing(name, stores)
        pipelines = [self.project.compile(name, store).pipeline for store in differing]
        compiled = [one for one in pipelines if one is not None]
        tree = self.project.pipeline_tree(name)
        for test in self.file.tests if tree is not None else ():
            if test.spec.store is not None:
                self._known((*test.loc, "store"), "store", test.spec.store, stores)
            self._given(test, str(plain(child(child(tree, "source"), "as"))))
            if compiled:
                self._names(test, compiled)

    def _given(self, test: MappingTest, record: str) -> None:
        """Check what a test is given; a name that is no part of it must be the record's."""
        own = test.given.model_extra or {}
        at: Loc = (*test.loc, "with") if set(own) - {record} <= set(test.spec.with_) else ("given",)
        for name in own:
            if name != record:
                message = f"'{name}' is not given here; the pipeline's record is '{record}'"
                self._add(self.file.at((*at, name), key=True), "unknown-given", message, name, [record])
        if record not in own:
            if not self._on_wire():
                message = f"the record '{record}' is not given"
                self.problems.append(Problem(self.file.at(("given",), key=True), "unknown-given", message))
        elif not isinstance(own[record], dict):
            message = f"the record '{record}' is a mapping"
            self.problems.append(Problem(self.file.at(("given", record)), "wrong-value", message))
        for kind, names, known in (
            ("setting", test.given.settings, self._settings),
            ("lookup", test.given.lookups, self._lookups),
            ("pipeline", test.given.links, set(self.project.pipelines)),
        ):
            for name in names:
                self._known(self._place_of(test, f"{kind}s", name), kind, name, known, key=True)

    @cached_property
    def _settings(self) -> set[str]:
        return {name for store in self.project.stores for name in self.project.settings(store)}

    @cached_property
    def _lookups(self) -> set[str]:
        return {name for store in self.project.stores for name in self.project.lookups(store)}

    def _on_wire(self) -> bool:
        return self.file.spec is not None and self.file.spec.wire is not None

    def _wire(self) -> None:
        wire = self.file.spec.wire if self.file.spec else None
        if wire is None:
            return
        at, path = self.file.at(("wire", "cassette")), self.file.path.parent / wire.cassette
        if not self.project.files.holds(path):
            self.problems.append(Problem(at, "outside-file", f"'{wire.cassette}' is outside of the project"))
        elif not path.is_file():
            self.problems.append(Problem(at, "missing-file", f"there is no file '{wire.cassette}'"))

    def _place_of(self, test: MappingTest, kind: str, name: str) -> Loc:
        section = "links" if kind == "pipelines" else kind
        own = test.spec.with_.get(section)
        inside = isinstance(own, dict) and name in own
        return (*test.loc, "with", section, name) if inside else ("given", section, name)

    def _names(self, test: MappingTest, pipelines: list[Pipeline]) -> None:
        """Check the steps and calls that a test names."""
        steps = {step.id for one in pipelines for step in every_step(one.steps)}
        loc: Loc = (*test.loc, "expect")
        for index, name in enumerate(test.spec.expect.skipped or ()):
            self._known((*loc, "skipped", index), "step", name, steps | self._left_out)
        targets = {str(target): operation for one in pipelines for target, operation in _targets(one)}
        for name in test.given.answers:
            at = self._place_of(test, "answers", name)
            if "/" in name and name.partition("/")[0] in self.project.connections:
                self._answering(at, name)
            else:
                # A look-up beside a step is named after it: `compare:ID`, `reasons:ID`.
                step = name.partition(":")[2] if name.startswith(_BESIDE) else name
                self._known(at, "step", step.partition("/")[0], steps | self._left_out, key=True)
        for kind in ("calls", "reads"):
            for index, call in enumerate(getattr(test.spec.expect, kind) or ()):
                self._call((*loc, kind, index), call, targets)

    def _answering(self, loc: Loc, target: str) -> None:
        connection, name = split_target(target)
        catalog = self.project.catalogs.get(connection)
        if catalog is not None and catalog.operation(name) is None:
            message = f"'{connection}' has no operation '{name}'"
            at = self.file.at(loc, key=True)
            self._add(at, "unknown-operation", message, name, catalog.operations())

    @cached_property
    def _left_out(self) -> set[str]:
        """Name every step of the pipeline's file, those that no connection can do as well."""
        spec = self.file.spec
        trees = (
            [self.project.effective(spec.pipeline, store) for store in self.project.stores] if spec else []
        )
        return {
            str(step["id"])
            for tree in trees
            for step in plain(child(tree, "steps")) or ()
            if isinstance(step, dict) and "id" in step
        }

    def _call(self, loc: Loc, call: ExpectedCallSpec, targets: dict[str, Operation]) -> None:
        target = call.call or call.read or call.upsert or ""
        kind = "call" if call.call else "read" if call.read else "upsert"
        if target not in targets:
            if not call.optional:
                message = f"no step of the pipeline makes the {kind} '{target}'"
                self._add(self.file.at((*loc, kind)), "unknown-call", message, target, targets)
            return
        inputs = targets[target].inputs
        for name in call.fields if inputs is not None and kind != "upsert" else ():
            if inputs is not None and name not in inputs:
                message = f"{split_target(target)[1]} has no field '{name}'"
                at = self.file.at((*loc, "fields", name), key=True)
                self._add(at, "unknown-input", message, name, inputs)

    def _known(self, loc: Loc, what: str, name: str, known: Iterable[str], *, key: bool = False) -> bool:
        names = list(known)
        if name in names:
            return True
        self._add(self.file.at(loc, key=key), f"unknown-{what}", f"there is no {what} '{name}'", name, names)
        return False

    def _add(self, at: Position, code: str, message: str, name: str, known: Iterable[str]) -> None:
        self.problems.append(Problem(at, code, message, suggest(name, known)))


def _targets(pipeline: Pipeline) -> Iterable[tuple[str, Operation]]:
    for step in every_step(pipeline.steps):
        for action in (step.call, step.read, step.upsert):
            if action is not None:
                yield str(action.target), action.target.operation
