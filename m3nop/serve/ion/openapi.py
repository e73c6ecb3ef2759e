"""Describes the operation for document flows, as API Gateway takes it: OpenAPI 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["documentName"],
    "properties": {
        "documentName": {
            "type": "string", "maxLength": 200, "description": "What changed, such as Sync.ItemMaster.",
        },
        "key": {
            "type": "string", "maxLength": 200,
            "description": "The record, such as an item number. Without it the pipeline reads what is new.",
        },
        "messageId": {
            "type": "string", "maxLength": 200, "description": "The same one counts once.",
        },
        "variationId": {
            "type": "integer", "format": "int64", "minimum": 0,
            "description": "Of a document: a lower one than was seen has no effect.",
        },
    },
}  # fmt: skip
_ANSWERS = {
    "200": "It was accepted before.",
    "202": "Accepted: it is on the disk.",
    "400": "It cannot be read.",
    "401": "It does not prove that it is from ION.",
    "413": "It is larger than it may be.",
    "429": "Too many; Retry-After says when.",
    "503": "It cannot be kept at present; send it again.",
}


def openapi(source: str, documents: Sequence[str], *, server: str = "") -> dict[str, Any]:
    """Return the description of a source; ``documents`` are those that wake a pipeline."""
    name = {"type": "string", "maxLength": 200, **({"example": documents[0]} if documents else {})}
    wakes = f" Pipelines are woken by {', '.join(documents)}." if documents else ""
    described: dict[str, Any] = {
        "openapi": "3.0.3",
        "info": {"title": "m3nop", "version": "1", "description": f"Tells m3nop what changed in M3.{wakes}"},
        "paths": {f"/ion/{source}/document": {"post": _operation(name)}},
        "components": {"schemas": {"Event": _EVENT}},
    }
    if server:
        described["servers"] = [{"url": server}]
    return described


def _operation(name: dict[str, Any]) -> dict[str, Any]:
    one = {"$ref": "#/components/schemas/Event"}
    event = {"oneOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": 1000}]}
    document = {"schema": {"type": "string", "format": "binary"}}
    return {
        "operationId": "receiveDocument",
        "summary": "Receive a document, or an event that names what changed",
        "description": (
            "A document in XML as it is, or an event in JSON. With the parameter documentName the body "
            "is the document also where it is JSON."
        ),
        "parameters": [
            {"name": "documentName", "in": "query", "schema": name},
            {"name": "messageId", "in": "query", "schema": {"type": "string", "maxLength": 200}},
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": event}, "application/xml": document},
        },
        "responses": {status: {"description": text} for status, text in _ANSWERS.items()},
    }
