"""Checks what a project says of webhooks, and adds what is usual in each scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.problems import Problem
from m3nop.mapping.errors import ExpressionError
from m3nop.mapping.expressions import compile_expression
from m3nop.spec.service_model import ANYBODY
from m3nop.spec.suggest import suggest
from m3nop.spec.tree import locate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from m3nop.core.connector import ConnectorType
    from m3nop.mapping.expressions import Expression
    from m3nop.spec.project_model import ProjectSpec
    from m3nop.spec.service_model import HookSourceSpec
    from m3nop.spec.tree import MapNode

ROOTS = ("body", "headers", "item")
_PLACES = ("each", "topic", "key", "id")
_USUAL: dict[str, dict[str, str]] = {
    "standard": {"topic": "body.type", "key": "body.data.id", "id": 'headers."webhook-id"'},
    "nopcommerce": {
        "each": "body.Notifications", "topic": "item.Action", "key": "item.Item.id", "id": "body.Id",
    },
    "hmac": {"topic": "body.event", "key": "body.order_id"},
}  # fmt: skip
"""Where each scheme has its facts, unless the project says."""
_ONLY_HMAC = ("header", "algorithm", "encoding", "prefix")
_SHOP = "nopcommerce"


def places_of(spec: HookSourceSpec) -> dict[str, Expression]:
    """Return the expressions of a source by the names of their keys; one that has none is left out."""
    usual = _USUAL[spec.scheme]
    texts = {name: getattr(spec, name) or usual.get(name) for name in _PLACES}
    return {name: compile_expression(text) for name, text in texts.items() if text}


def path_of(name: str, spec: HookSourceSpec) -> str:
    """Return the path at which a source is received."""
    return spec.path or f"/hooks/{name}"


def shop_of(spec: HookSourceSpec, kinds: Mapping[str, ConnectorType]) -> str:
    """Return the shop whose records a source names: as said, or the only one there is; else ``""``."""
    shops = [name for name, kind in kinds.items() if kind.name == _SHOP]
    return spec.connection or (shops[0] if len(shops) == 1 else "")


def webhook_problems(
    tree: MapNode, spec: ProjectSpec, kinds: Mapping[str, ConnectorType]
) -> Iterator[Problem]:  # fmt: skip
    """Yield what is wrong with the webhooks of a project, beyond their form."""
    proxies = spec.listen.trusted_proxies if spec.listen is not None else []
    taken: dict[str, str] = {}
    for name, one in spec.webhooks.items():
        loc = ("webhooks", name)
        if spec.listen is None:
            message = "nothing listens, so no webhook is received"
            yield Problem(locate(tree, loc, key=True), "webhook-form", message, "add `listen: {port: 8480}`")
        if one.allow and ANYBODY in proxies:
            message = (
                "whoever may forward for everybody can give any address, so `allow` would keep out nobody"
            )
            hint = "name the networks of your proxies in `trusted_proxies`"
            yield Problem(locate(tree, (*loc, "allow")), "webhook-form", message, hint)
        yield from _of_connection(tree, name, one, kinds)
        path = path_of(name, one)
        if path in taken:
            message = f"the path {path} is that of '{taken[path]}'"
            yield Problem(locate(tree, loc, key=True), "webhook-form", message, "give each a path of its own")
        taken[path] = name
        yield from _of_form(tree, name, one)


def _of_connection(
    tree: MapNode, name: str, spec: HookSourceSpec, kinds: Mapping[str, ConnectorType]
) -> Iterator[Problem]:
    shops = sorted(one for one, kind in kinds.items() if kind.name == _SHOP)
    if spec.connection is not None and spec.connection not in shops:
        at = locate(tree, ("webhooks", name, "connection"))
        message = f"there is no shop connection '{spec.connection}'"
        yield Problem(at, "unknown-connection", message, suggest(spec.connection, shops))
    elif spec.connection is None and len(shops) > 1:
        at, hint = locate(tree, ("webhooks", name), key=True), f"add `connection:`, one of {', '.join(shops)}"
        yield Problem(at, "webhook-form", "it has to be said which shop sends", hint)


def _of_form(tree: MapNode, name: str, spec: HookSourceSpec) -> Iterator[Problem]:
    given = spec.model_fields_set
    for key in _ONLY_HMAC if spec.scheme != "hmac" else ():
        if key in given:
            at = locate(tree, ("webhooks", name, key), key=True)
            yield Problem(at, "webhook-form", f"`{key}` is for the scheme hmac", f"{spec.scheme} has its own")
    for key in _PLACES:
        text = getattr(spec, key)
        at = locate(tree, ("webhooks", name, key))
        try:
            expression = compile_expression(text) if text else None
        except ExpressionError as error:
            yield Problem(at, error.code, str(error), error.hint)
            continue
        for path in expression.paths if expression is not None else ():
            if path[0] not in ROOTS:
                hint = f"a message has {', '.join(ROOTS)}"
                yield Problem(at, "unknown-root", f"unknown name `{path[0]}`", hint)
