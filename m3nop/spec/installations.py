"""One pipeline for several installations of a shop: its file once, and an instance of it for each.

A store may say ``connection: outlet, as: shop``: for it, pipelines that name ``shop`` mean ``outlet``. The
ids of two installations are not one another's, so what is remembered is kept apart, under ``orders@outlet``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.spec.tree import Entry, ListNode, MapNode, Node, ScalarNode, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from m3nop.core.connector import ConnectorType
    from m3nop.spec.project_model import StoreSpec

AT = "@"
"""Stands between the name of a pipeline and the installation that an instance works for."""

_TARGETS = frozenset({"read", "call", "upsert", "table"})
_SOURCES = frozenset({"links", "given"})


class Installation(Struct, frozen=True):
    """A connection that stands in for another one."""

    connection: str
    stands_for: str


def split_instance(name: str) -> tuple[str, str]:
    """Split ``orders@outlet`` into pipeline and installation, which is blank for the pipeline itself."""
    pipeline, _, installation = name.partition(AT)
    return pipeline, installation


def instance_name(pipeline: str, installation: str) -> str:
    """Name the instance of a pipeline for an installation."""
    return f"{pipeline}{AT}{installation}" if installation else pipeline


def installations_of(stores: Mapping[str, StoreSpec]) -> tuple[Installation, ...]:
    """List the connections that stand in for others, each once."""
    found = {
        store.connection: Installation(store.connection, store.as_)
        for store in stores.values()
        if store.connection is not None and store.as_ is not None and store.as_ != store.connection
    }
    return tuple(found.values())


def misuses(
    stores: Mapping[str, StoreSpec], types: Mapping[str, ConnectorType]
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Say where a store does not fit the others: place, what is wrong, remedy."""
    meant: dict[str, str | None] = {}
    taken: dict[tuple[str | None, int], str] = {}
    stand_ins = {store.connection for store in stores.values() if store.as_ is not None}
    for code, store in stores.items():
        at, own = ("stores", code, "as"), store.connection
        if store.as_ is not None and (own is None or own == store.as_):
            yield at, "`as` names the connection that another one stands in for", "give `connection`, too"
        elif store.as_ is not None and store.as_ in stand_ins:
            yield (
                at,
                f"'{store.as_}' stands in for another connection itself",
                "name what pipelines name",
            )
        elif own and store.as_ and len({types[name].name for name in (own, store.as_) if name in types}) > 1:
            yield at, f"'{own}' and '{store.as_}' are not of one type", "only a shop stands in for a shop"
        elif own is not None and meant.setdefault(own, store.as_) != store.as_:
            yield ("stores", code, "connection"), f"'{own}' has another `as` in another store", "give it one"
        other = taken.setdefault((own, store.store_id), code)
        if other != code:
            at = ("stores", code, "store_id")
            yield (
                at,
                f"the store '{other}' has this id in the same shop",
                "ids are in the shop's list of stores",
            )


def connections_in(tree: Node | None) -> frozenset[str]:
    """Name the connections that a pipeline reads or calls."""
    found = set()
    for loc, node in walk(tree) if tree is not None else ():
        if loc and loc[-1] in _TARGETS and isinstance(node, ScalarNode) and isinstance(node.value, str):
            found.add(node.value.partition("/")[0])
    return frozenset(found)


def retarget(tree: MapNode, installation: Installation, others: frozenset[str]) -> MapNode:
    """Return a pipeline as it is for an installation; ``others`` have instances there, too."""
    found = _retarget(tree, installation, others, key="", under="")
    return found if isinstance(found, MapNode) else tree


def _retarget(
    node: Node, installation: Installation, others: frozenset[str], *, key: str, under: str
) -> Node:
    match node:
        case MapNode():
            entries = {
                name: Entry(entry.key, _retarget(entry.node, installation, others, key=name, under=key))
                for name, entry in node.entries.items()
            }
            return replace(node, entries=entries)
        case ListNode():
            items = (_retarget(item, installation, others, key=key, under=under) for item in node.items)
            return replace(node, items=tuple(items))
        case ScalarNode(value=str() as text):
            meant = _meant(text, installation, others, key=key, under=under)
            return node if meant == text else replace(node, value=meant, text=meant)
        case _:
            return node


def _meant(text: str, installation: Installation, others: frozenset[str], *, key: str, under: str) -> str:
    connection, slash, rest = text.partition("/")
    if key in _TARGETS and slash and connection == installation.stands_for:
        return f"{installation.connection}/{rest}"
    names_pipeline = key in _SOURCES or (key == "pipeline" and under == "requires")
    if names_pipeline and text in others:
        return instance_name(text, installation.connection)
    return text
