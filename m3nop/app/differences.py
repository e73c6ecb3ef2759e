"""Compares two environments of a project as they are in the end, with everything laid over it."""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.app.registry import CONNECTORS
from m3nop.app.session import unknown
from m3nop.core.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from m3nop.spec.differing import Pair, Written
    from m3nop.spec.project import LoadedProject
    from m3nop.spec.tree import MapNode, Node

_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+(?=@)")
_BY_STORE = frozenset({"settings", "lookups", "pipelines"})
_LAID_OUT = frozenset({"settings", "lookups", "stores", "start", "defaults", "blocks"})
"""Parts of ``m3nop.yaml`` that are compared as they become for each store and pipeline."""


class Value(Struct, frozen=True):
    """A value of one environment, and where it was written."""

    text: str
    file: str
    """Relative to the project."""
    line: int
    layer: str
    """``base``, ``environment NAME`` or ``store CODE``."""


class Difference(Struct, frozen=True):
    """A value that two environments do not share; None where one of them has none."""

    pipeline: str
    """Blank where it is about the project."""
    stores: tuple[str, ...]
    """The stores that it holds for; none where it holds for all."""
    path: str
    """Such as ``settings.facility`` or ``steps.head.fields.ORTP``."""
    first: Value | None
    second: Value | None


class Comparison:
    """Two environments of one project, beside each other."""

    def __init__(self, folder: Path, first: str, second: str) -> None:
        """Load both.

        Raises:
            UsageError: there is no such environment.
            ConfigurationError: ``m3nop.yaml`` cannot be read; carries the problems.
        """
        from m3nop.spec.project import load_project

        whole = load_project(folder, environment=None, registry=CONNECTORS, environ=os.environ)
        if whole.files.project is None:
            msg = f"{folder / 'm3nop.yaml'} cannot be read; see `m3nop validate`"
            raise ConfigurationError(msg, problems=whole.files.problems)
        for name in (first, second):
            if name not in whole.environments:
                raise UsageError(unknown("environment", name, whole.environments))
        self._folder = folder
        # A variable that only the other machine sets is shown by its name.
        self._first = whole.in_environment(first, lenient=True)
        self._second = whole.in_environment(second, lenient=True)

    def differences(
        self, pipelines: Sequence[str] = (), *, stores: Sequence[str] = ()
    ) -> tuple[Difference, ...]:
        """Return what differs: all of it, or only in some pipelines, or for some stores.

        Raises:
            UsageError: there is no such pipeline or store.
            ConfigurationError: a file cannot be read; carries the problems.
        """
        every = dict.fromkeys((*self._first.stores, *self._second.stores))
        known = dict.fromkeys((*self._first.pipelines, *self._second.pipelines))
        for what, asked, there in (("pipeline", pipelines, known), ("store", stores, every)):
            for name in asked:
                if name not in there:
                    raise UsageError(unknown(what, name, tuple(there)))
        chosen = tuple(code for code in every if not stores or code in stores)
        found = [] if pipelines else list(self._project(chosen))
        for name in known:
            if not pipelines or name in pipelines:
                found.extend(self._pipeline(name, chosen))
        self._refuse_unreadable()
        return tuple(found)

    def _refuse_unreadable(self) -> None:
        """Refuse trees in which something may be missing because its file could not be read."""
        for project in (self._first, self._second):
            if project.spec is None or project.files.problems:
                problems = project.problems
                raise ConfigurationError("the project has problems; see `m3nop validate`", problems=problems)

    def _project(self, stores: Sequence[str]) -> Iterator[Difference]:
        from m3nop.spec.differing import compare

        whole = self._both(lambda one: _without(one.tree, _LAID_OUT))
        yield from (self._said("", (), pair) for pair in compare(*whole))
        for code in stores:
            own = self._both(partial(_store, code=code))
            yield from (self._said("", (), pair) for pair in compare(*own, path=f"stores.{code}"))
        yield from self._grouped("", stores, {code: list(self._site(code)) for code in self._shared(stores)})

    def _site(self, store: str) -> Iterator[Pair]:
        """Yield what differs in the settings and lookups of a store."""
        from m3nop.spec.differing import compare
        from m3nop.spec.effective import effective_settings

        settings = self._both(lambda one: effective_settings(one.tree, store))
        yield from compare(*settings, path="settings")
        tables = [one.lookups(store) for one in (self._first, self._second)]
        for name in dict.fromkeys((*tables[0], *tables[1])):
            paths = [table.path(name) if name in table else None for table in tables]
            if paths[0] != paths[1]:
                rows = self._both(partial(_table, store=store, name=name))
                yield from compare(*rows, path=f"lookups.{name}")

    def _pipeline(self, name: str, stores: Sequence[str]) -> Iterator[Difference]:
        from m3nop.spec.differing import compare
        from m3nop.spec.tree import find

        starts = self._both(lambda one: find(one.tree, ("start", name)))
        yield from (self._said(name, (), pair) for pair in compare(*starts, path="start"))
        codes = [
            code for code in stores if _serves(self._first, name, code) or _serves(self._second, name, code)
        ]
        found = {}
        for code in codes:
            trees = self._both(partial(_effective, name=name, store=code))
            found[code] = [*self._switch(name, code), *compare(*trees)]
        yield from self._grouped(name, codes, found)

    def _switch(self, name: str, store: str) -> Iterator[Pair]:
        """Yield whether the settings switch a pipeline off in one environment only."""
        from m3nop.spec.differing import Pair

        first, second = (_enabled(one, name, store) for one in (self._first, self._second))
        if first is not None and second is not None and first.text != second.text:
            yield Pair("(enabled)", first, second)

    def _both(self, of: Callable[[LoadedProject], Node | None]) -> tuple[Node | None, Node | None]:
        return of(self._first), of(self._second)

    def _shared(self, stores: Sequence[str]) -> list[str]:
        return [code for code in stores if code in self._first.stores and code in self._second.stores]

    def _grouped(
        self, pipeline: str, stores: Sequence[str], found: dict[str, list[Pair]]
    ) -> Iterator[Difference]:
        """Say once what several stores have alike."""
        holders: dict[Pair, list[str]] = {}
        for code, pairs in found.items():
            for pair in pairs:
                holders.setdefault(pair, []).append(code)
        for pair, codes in holders.items():
            yield self._said(pipeline, () if len(codes) == len(stores) else tuple(codes), pair)

    def _said(self, pipeline: str, stores: tuple[str, ...], pair: Pair) -> Difference:
        return Difference(pipeline, stores, pair.path, self._value(pair.first), self._value(pair.second))

    def _value(self, written: Written | None) -> Value | None:
        if written is None:
            return None
        path = Path(written.position.file)
        inside = path.is_relative_to(self._folder)
        file = path.relative_to(self._folder).as_posix() if inside else written.position.file
        text = _PASSWORD.sub(r"\1:***", written.text)
        return Value(text, file, written.position.line, written.layer)


def _without(tree: MapNode | None, names: frozenset[str]) -> Node | None:
    from m3nop.spec.tree import without

    found: Node | None = tree
    for name in names:
        found = None if found is None else without(found, (name,))
    return found


def _store(project: LoadedProject, *, code: str) -> Node | None:
    """Return what a store is, without what is compared as it becomes there."""
    from m3nop.spec.tree import child_map

    return _without(child_map(child_map(project.tree, "stores"), code), _BY_STORE)


def _serves(project: LoadedProject, name: str, store: str) -> bool:
    return name in project.pipelines and store in project.stores_of(name)


def _effective(project: LoadedProject, *, name: str, store: str) -> MapNode | None:
    return project.effective(name, store) if _serves(project, name, store) else None


def _enabled(project: LoadedProject, name: str, store: str) -> Written | None:
    """Return whether the settings leave a pipeline on; None where it is not used, or cannot be."""
    from m3nop.spec.differing import Written
    from m3nop.spec.tree import locate

    tree = _effective(project, name=name, store=store)
    pipeline = project.compile(name, store).pipeline if tree is not None else None
    if tree is None or pipeline is None:
        return None
    return Written("true" if pipeline.enabled else "false", locate(tree, ("enabled_when",)), tree.layer)


def _table(project: LoadedProject, *, store: str, name: str) -> Node | None:
    from m3nop.spec.differing import lookup_tree

    tables = project.lookups(store)
    lookup = tables.get(name)
    return None if lookup is None else lookup_tree(lookup, tables.path(name).as_posix())
