"""How requests to M3 look on the wire: what a request asks for, whatever its form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core import json

if TYPE_CHECKING:
    from m3nop.sandbox.exchange import Call


def operations(call: Call) -> tuple[str, ...]:
    """Name what a request asks for: each ``PROGRAM/TRANSACTION`` in it once, ``token``, or its path."""
    if call.path.endswith("/token.oauth2"):
        return ("token",)
    _, found, rest = call.path.partition("/execute")
    if not found:
        return (call.path,)
    if call.method == "POST":
        return _bulk_operations(call)
    program, _, transaction = rest.strip("/").partition("/")
    return (f"{program}/{transaction.partition(';')[0]}",)


def _bulk_operations(call: Call) -> tuple[str, ...]:
    try:
        body = json.loads(call.body)
        names = dict.fromkeys(str(entry["transaction"]) for entry in body["transactions"])
    except (ValueError, LookupError, TypeError):
        return (call.path,)
    return tuple(f"{body.get('program')}/{name}" for name in names)
