"""Checks what a project says of messages of ION, and of the documents that wake its pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.problems import Problem
from m3nop.spec.service_model import ANYBODY
from m3nop.spec.suggest import suggest
from m3nop.spec.tree import locate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from m3nop.core.connector import ConnectorType
    from m3nop.spec.ion_model import IonSpec
    from m3nop.spec.project_model import ProjectSpec
    from m3nop.spec.tree import MapNode

_M3 = "m3"
_ONLY_OAUTH = ("url", "window")


def erp_of(spec: IonSpec, kinds: Mapping[str, ConnectorType]) -> str:
    """Return the M3 whose documents a source sends: as said, or the only one there is; else ``""``."""
    erps = [name for name, kind in kinds.items() if kind.name == _M3]
    return spec.connection or (erps[0] if len(erps) == 1 else "")


def ion_problems(
    tree: MapNode, spec: ProjectSpec, kinds: Mapping[str, ConnectorType]
) -> Iterator[Problem]:  # fmt: skip
    """Yield what is wrong with the sources of ION messages, beyond their form."""
    erps = sorted(name for name, kind in kinds.items() if kind.name == _M3)
    for name, one in spec.ion.items():
        at = locate(tree, ("ion", name), key=True)
        if spec.listen is None:
            yield Problem(
                at, "ion-form", "nothing listens, so no message is received", "add `listen: {port: 8480}`"
            )
        if name in spec.webhooks:
            yield Problem(
                at, "ion-form", f"a source of webhooks is named '{name}', too", "give it another name"
            )
        if one.connection is not None and one.connection not in erps:
            place = locate(tree, ("ion", name, "connection"))
            message = f"there is no M3 connection '{one.connection}'"
            yield Problem(place, "unknown-connection", message, suggest(one.connection, erps))
        elif one.connection is None and len(erps) > 1:
            hint = f"add `connection:`, one of {', '.join(erps)}"
            yield Problem(at, "ion-form", "it has to be said whose documents come", hint)
        yield from _of_form(tree, name, one, spec)


def _of_form(tree: MapNode, name: str, one: IonSpec, spec: ProjectSpec) -> Iterator[Problem]:
    at = locate(tree, ("ion", name), key=True)
    if (one.scheme == "bearer") == bool(one.user):
        words = {
            "oauth1": "needs `user`, the consumer key",
            "basic": "needs `user`",
            "bearer": "has no `user`",
        }
        yield Problem(at, "ion-form", f"the scheme {one.scheme} {words[one.scheme]}")
    for key in _ONLY_OAUTH if one.scheme != "oauth1" else ():
        if key in one.model_fields_set:
            place = locate(tree, ("ion", name, key), key=True)
            yield Problem(place, "ion-form", f"`{key}` is for the scheme oauth1")
    if one.allow and spec.listen is not None and ANYBODY in spec.listen.trusted_proxies:
        message = "whoever may forward for everybody can give any address, so `allow` would keep out nobody"
        hint = "name the networks of your proxies in `trusted_proxies`"
        yield Problem(locate(tree, ("ion", name, "allow")), "ion-form", message, hint)
