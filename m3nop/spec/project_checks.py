"""Checks a loaded project as a whole: every pipeline for every store, and what they need of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.connector import Effect
from m3nop.core.problems import Position, Problem, Severity
from m3nop.mapping.pipeline import walk as every_step
from m3nop.spec.files import ENVIRONMENTS
from m3nop.spec.tree import MapNode, ScalarNode, child, locate, walk

if TYPE_CHECKING:
    from m3nop.mapping.pipeline import Pipeline
    from m3nop.spec.project import LoadedProject

SANDBOX = "sandbox"
"""The environment in which nothing real is touched."""


def check_project(project: LoadedProject) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
    """Check everything in the project's environment; returns the problems, and operations not checked."""
    return _ProjectChecks(project).run()


class _ProjectChecks:
    def __init__(self, project: LoadedProject) -> None:
        self._project = project
        self._problems: list[Problem] = []
        self._unchecked: set[str] = set()
        self._lookups: set[str] = set()
        self._blocks: set[str] = set()
        self._complete = True
        """Whether everything could be compiled, so that what is not used is known."""

    def run(self) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
        project = self._project
        for name in project.pipelines if project.spec else ():
            for store in project.differing(name, project.stores):
                self._compile(name, store)
        if project.spec is None:
            self._check_alone()
        self._check_requires()
        self._read_lookups()
        if self._complete:
            self._check_unused()
        return (*project.problems, *self._problems), tuple(sorted(self._unchecked))

    def _compile(self, name: str, store: str) -> None:
        compiled = self._project.compile(name, store)
        self._problems.extend(compiled.problems)
        self._unchecked |= set(compiled.notes)
        self._lookups |= compiled.lookups
        self._blocks |= compiled.blocks
        self._complete = self._complete and compiled.pipeline is not None
        if compiled.pipeline is not None and compiled.pipeline.enabled:
            self._check_start(name, compiled.pipeline)
            self._check_documents(name, store, compiled.pipeline)

    def _check_alone(self) -> None:
        """Read the pipelines at least, where the project file is too wrong to compile them."""
        self._complete = False
        for name in self._project.pipelines:
            self._project.pipeline_tree(name)

    def _check_start(self, name: str, pipeline: Pipeline) -> None:
        environment = self._project.environment
        steps = every_step(pipeline.steps)
        unsafe = any(step.call and step.call.target.operation.effect is Effect.UNSAFE for step in steps)
        if environment in (None, SANDBOX) or not unsafe or pipeline.start is not None:
            return
        root = self._project.files.project
        if root is not None:
            at = locate(root, (ENVIRONMENTS, str(environment)), key=True)
            message = f"environment {environment} has no `start` for '{name}'"
            hint = f"write `start: {{{name}: ...}}`, or mark older records by `m3nop state baseline {name}`"
            self._problems.append(Problem(at, "no-start", message, hint, Severity.WARNING))

    def _check_documents(self, name: str, store: str, pipeline: Pipeline) -> None:
        tree = self._project.effective(name, store)
        if tree is None or child(child(tree, "trigger"), "bod") is None or pipeline.source.makes_equal:
            return
        message = "a document of M3 names none of these records, which are not read from M3"
        hint = "documents wake pipelines that read M3, or the links of another pipeline"
        self._problems.append(Problem(locate(tree, ("trigger", "bod"), key=True), "ion-form", message, hint))

    def _check_requires(self) -> None:
        graph = {name: self._required(name) for name in self._project.pipelines}
        for name in graph:
            cycle = _cycle(name, {n: list(found) for n, found in graph.items()})
            if cycle and name == min(cycle):
                at = graph[name][cycle[1]]
                message = f"the pipelines wait for each other: {' -> '.join(cycle)}"
                self._problems.append(Problem(at, "requires-cycle", message))
        for name in graph:
            self._check_follows(name)
        for found in graph.values():
            for other, at in found.items():
                tree = self._project.pipeline_tree(other)
                if tree is not None and "link" not in tree.entries:
                    message = f"pipeline '{other}' has no `link`, so nothing can refer to its records"
                    self._problems.append(Problem(at, "no-link", message))

    def _check_follows(self, name: str) -> None:
        """Refuse sources that lead back to themselves."""
        follows = {one: [self._project.follows(one)] for one in self._project.pipelines}
        cycle = _cycle(name, follows)
        tree = self._project.pipeline_tree(name)
        if cycle and name == min(cycle) and tree is not None:
            message = f"the sources follow each other: {' -> '.join(cycle)}"
            self._problems.append(Problem(locate(tree, ("source",)), "source-form", message))

    def _is_given(self, name: str) -> bool:
        return child(child(self._project.pipeline_tree(name), "source"), "given") is not None

    def _required(self, name: str) -> dict[str, Position]:
        """Return the pipelines that one waits for in any store, and where it says so."""
        found: dict[str, Position] = {}
        for store in self._project.stores:
            tree = self._project.effective(name, store)
            for loc, node in walk(tree) if tree is not None else ():
                if loc[-1:] == ("requires",) and isinstance(node, MapNode):
                    other = child(node, "pipeline")
                    if not isinstance(other, ScalarNode):
                        continue
                    if (
                        other.text not in found
                        and "record" not in node.entries
                        and self._is_given(other.text)
                    ):
                        message = f"'{other.text}' reads nothing itself: `record` hands over what it needs"
                        self._problems.append(Problem(other.position, "missing-key", message))
                    found.setdefault(other.text, other.position)
        return found

    def _read_lookups(self) -> None:
        """Read every lookup file, so that what is wrong in one is found whether it is used or not."""
        for store in self._project.stores:
            lookups = self._project.lookups(store)
            for name in lookups:
                _ = lookups[name]

    def _check_unused(self) -> None:
        known = {name for store in self._project.stores for name in self._project.lookups(store)}
        for name, path in self._project.files.lookups.items():
            if name in known and name not in self._lookups:
                at = Position(self._project.files.name(path))
                message = f"nothing uses the lookup '{name}'"
                self._problems.append(Problem(at, "unused-lookup", message, "", Severity.WARNING))
        blocks = child(self._project.tree, "blocks")
        for name in blocks.entries if isinstance(blocks, MapNode) else ():
            if name not in self._blocks:
                at = locate(self._project.tree, ("blocks", name), key=True)
                self._problems.append(
                    Problem(at, "unused-block", f"nothing includes the block '{name}'", "", Severity.WARNING)
                )


def _cycle(start: str, graph: dict[str, list[str]]) -> list[str]:
    """Return a way from a pipeline back to itself, or nothing."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for other in graph.get(way[-1], ()):
            if other == start:
                return [*way, start]
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return []
