"""The lookups of a project as a person looks at them: where each comes from, what it holds, who uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.app.session import unknown
from m3nop.core.errors import ConfigurationError, UsageError
from m3nop.mapping.lookups import Lookup, Miss

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.app.session import Session


class Table(Struct, frozen=True):
    """A lookup of some stores."""

    lookup: Lookup
    file: str
    """Relative to the project."""
    stores: tuple[str, ...]
    """Whose lookup it is; several stores may have one of their own."""
    used_by: tuple[str, ...]
    """Pipelines."""


def tables(session: Session, *, store: str | None = None) -> list[Table]:
    """List the lookups by name, one for each file that stands for it in some store.

    Raises:
        UsageError: there is no such store.
        ConfigurationError: a lookup cannot be read.
    """
    project = session.project
    stores = _stores(session, store)
    found: dict[tuple[str, str], list[str]] = {}
    read: dict[tuple[str, str], Lookup] = {}
    for code in stores:
        lookups = project.lookups(code)
        for name in lookups:
            lookup = lookups[name]
            if lookup is None:
                msg = f"the lookup {name} cannot be read; see `m3nop validate`"
                raise ConfigurationError(msg, problems=project.problems)
            where = (name, _file(session, name, code))
            found.setdefault(where, []).append(code)
            read[where] = lookup
    users = _users(session)
    return [
        Table(read[where], where[1], tuple(codes), tuple(users.get(where[0], ())))
        for where, codes in sorted(found.items())
    ]


def find_table(session: Session, name: str, *, store: str | None = None) -> Table:
    """Return one lookup.

    Raises:
        UsageError: there is none of that name, or stores have different ones and none is named.
        ConfigurationError: it cannot be read.
    """
    every = tables(session, store=store)
    found = [table for table in every if table.lookup.name == name]
    if not found:
        raise UsageError(unknown("lookup", name, sorted({table.lookup.name for table in every})))
    if len(found) > 1:
        codes = " | ".join(code for table in found for code in table.stores)
        msg = f"stores have different lookups {name}; say which: --store {codes}"
        raise UsageError(msg)
    return found[0]


def find_row(table: Table, code: str, *, column: str | None = None) -> Mapping[str, str]:
    """Return what a code stands for: the whole row, or one column of it.

    Raises:
        UsageError: there is no such row or column.
    """
    lookup = table.lookup
    if column is not None and column not in lookup.columns:
        raise UsageError(unknown("column", column, lookup.columns))
    row = lookup.row(code)
    if row is None:
        msg = f"{table.file} has no row {code!r}; {outcome(lookup)}"
        raise UsageError(msg)
    return row if column is None else {column: row[column]}


def outcome(lookup: Lookup) -> str:
    """Say what a code without a row does, where a field does not say otherwise."""
    match lookup.missing:
        case Miss.REJECT:
            return "a record with such a code is refused"
        case Miss.REVIEW:
            return "a record with such a code goes to review"
        case Miss.BLANK:
            return "a field with such a code is left blank"
        case Miss.DEFAULT:
            return f"a field with such a code is {lookup.default!r}"


def _stores(session: Session, store: str | None) -> Sequence[str]:
    known = session.project.stores
    if store is not None and store not in known:
        raise UsageError(unknown("store", store, known))
    return tuple(known) if store is None else (store,)


def _file(session: Session, name: str, store: str) -> str:
    project = session.project
    spec = project.spec
    named = dict(spec.lookups) if spec is not None else {}
    if spec is not None and store in spec.stores:
        named.update(spec.stores[store].lookups)
    path = project.folder / named[name] if name in named else project.files.lookups[name]
    return path.relative_to(project.folder).as_posix() if path.is_relative_to(project.folder) else str(path)


def _users(session: Session) -> dict[str, list[str]]:
    project = session.project
    users: dict[str, list[str]] = {}
    for name in project.pipelines:
        stores = project.stores_of(name)
        used = {lookup for store in stores for lookup in project.compile(name, store).lookups}
        for lookup in used:
            users.setdefault(lookup, []).append(name)
    return users
