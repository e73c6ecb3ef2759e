"""What compiling one pipeline for one store works with: the tree, the site, and what was found so far."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct, field

from m3nop.core.problems import Position, Problem, Severity
from m3nop.mapping.errors import ExpressionError
from m3nop.mapping.expressions import Expression, compile_expression
from m3nop.spec.names import check_paths
from m3nop.spec.offsets import position_in
from m3nop.spec.suggest import suggest
from m3nop.spec.tree import Loc, Node, ScalarNode, locate, nearest
from m3nop.spec.values import split_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.connector import Catalog, FieldInfo, Operation, Resource, StoreRef
    from m3nop.core.json import Json
    from m3nop.mapping.lookups import Lookup
    from m3nop.spec.scope import Scope
    from m3nop.spec.surroundings import Known


class Site(Struct, frozen=True):
    """Everything outside the pipeline's own file that it is compiled against.

    None stands for "not known": a pipeline file that is checked alone has no connections, settings, lookups
    or other pipelines, so names of those are not checked. A catalog is None where its connection is wrong.
    """

    store: StoreRef
    environment: str = ""
    settings: Mapping[str, Json] | None = None
    lookups: Mapping[str, Lookup | None] | None = None
    catalogs: Mapping[str, Catalog | None] | None = None
    pipelines: frozenset[str] | None = None
    start: int | None = None
    installation: str = ""
    """The connection that this instance of the pipeline works for, where that stands in for another one."""


class Used(Struct):
    """Names that the pipeline turned out to use."""

    settings: set[str] = field(default_factory=set)
    lookups: set[str] = field(default_factory=set)
    blocks: set[str] = field(default_factory=set)
    probes: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    """Dotted paths of the record."""
    whole_record: bool = False
    all_settings: bool = False
    in_flight: bool = False
    store: bool = False
    """What it finds depends on which store it is compiled for, beside settings and lookups."""


@lru_cache(maxsize=10_000)
def _compiled(text: str) -> Expression | ExpressionError:
    try:
        return compile_expression(text)
    except ExpressionError as error:
        return error


class Desk:
    """Collects problems at their places while a pipeline is compiled."""

    def __init__(self, node: Node, site: Site, known: Known) -> None:
        self.node = node
        self.site = site
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.used = Used()
        self.resource: Resource | None = None
        self.row: Mapping[str, FieldInfo] | None = None
        """Fields of the rows of a reading operation that is the source, where they are known."""
        self.source_catalog: Catalog | None = None
        self.later_steps: frozenset[str] = frozenset()
        self.remembered: frozenset[str] = frozenset()
        self.known = known

    # -- places and problems

    def at(self, loc: Loc, *, key: bool = False) -> Position:
        """Return the place of ``loc``."""
        return locate(self.node, loc, key=key)

    def inside(self, loc: Loc, offset: int) -> Position:
        """Return the place of a character of the scalar at ``loc``."""
        found, _ = nearest(self.node, loc)
        return position_in(found, offset) if isinstance(found, ScalarNode) else found.position

    def add(
        self, at: Position, code: str, message: str, hint: str = "", *, severity: Severity = Severity.ERROR
    ) -> None:
        """Add a problem."""
        self.problems.append(Problem(at, code, message, hint, severity))

    def warn(self, at: Position, code: str, message: str, hint: str = "") -> None:
        """Add a problem that does not stop a run."""
        self.add(at, code, message, hint, severity=Severity.WARNING)

    @property
    def failed(self) -> bool:
        """Whether a problem was found that stops a run."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    # -- names

    def expression(self, loc: Loc, text: str, scope: Scope, *, default: bool = False) -> Expression:
        """Compile an expression and check the names in it.

        ``default`` says that a null is taken care of, so a step that may be skipped may be used freely. An
        expression that is wrong becomes null, so that compiling can go on.
        """
        found = _compiled(text)
        if isinstance(found, ExpressionError):
            self.add(self.inside(loc, found.offset), found.code, found.message, found.hint)
            return compile_expression("`null`")
        self.used.in_flight = self.used.in_flight or "in_flight" in found.functions
        check_paths(self, loc, found, scope, default=default)
        return found

    def optional(self, loc: Loc, text: str | None, scope: Scope) -> Expression | None:
        """Compile an expression that may be absent."""
        return None if text is None else self.expression(loc, text, scope)

    def lookup(
        self, loc: Loc, name: str, column: str | None = None, *, place: Position | None = None
    ) -> None:
        """Check that a lookup exists, and has the column."""
        self.used.lookups.add(name)
        if self.site.lookups is None:
            return
        at = place or self.at(loc)
        if name not in self.site.lookups:
            self.add(at, "unknown-lookup", f"there is no lookup '{name}'", suggest(name, self.site.lookups))
            return
        lookup = self.site.lookups[name]
        if lookup is not None and column is not None and column not in lookup.columns:
            known = ", ".join(lookup.columns)
            hint = suggest(column, lookup.columns) or f"it has {known}"
            self.add(
                self.at((*loc[:-1], "column")),
                "unknown-column",
                f"lookup '{name}' has no column '{column}'",
                hint,
            )

    def catalog(self, loc: Loc, target: str) -> Catalog | None:
        """Return the catalog of the connection that a target names, if it is known."""
        if self.site.catalogs is None:
            return None
        connection, _ = split_target(target)
        if connection not in self.site.catalogs:
            hint = suggest(connection, self.site.catalogs)
            self.add(self.at(loc), "unknown-connection", f"there is no connection '{connection}'", hint)
            return None
        return self.site.catalogs[connection]

    def operation(self, loc: Loc, target: str, *, optional: bool = False) -> Operation | None:
        """Return the operation that a target names, if it is known; a missing one is a problem."""
        catalog = self.catalog(loc, target)
        if catalog is None:
            return None
        connection, name = split_target(target)
        found = catalog.operation(name)
        if found is None and not optional:
            hint = catalog.remedy(name) or suggest(name, catalog.operations())
            self.add(self.at(loc), "unknown-operation", f"'{connection}' has no operation '{name}'", hint)
        elif found is not None:
            self.take_note(loc, target, found)
        return found

    def take_note(self, loc: Loc, name: str, found: Operation) -> None:
        """Remember an operation that the system itself was not asked about, and warn of one it may lack."""
        if (found.inputs is None or found.assumed) and name not in self.notes:
            self.notes.append(name)
        if found.doubt:
            self.warn(self.at(loc), "unknown-program", found.doubt)
