"""JSON Schema of the places where what is written differs from what the models hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

_CODE = {"type": ["string", "number", "boolean"]}


class ShortForm(Struct, frozen=True):
    """A mapping that may also be written as one text."""

    description: str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "description": self.description}, handler(schema)]}


class OpenFields(Struct, frozen=True):
    """Fields beside ``include`` in one mapping."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        own = handler.resolve_ref_schema(handler(schema))
        names = {"type": "array", "items": {"type": "string"}}
        described = own["properties"]["include"]["description"]
        include = {"anyOf": [{"type": "string"}, names], "description": described}
        return {
            "type": "object",
            "description": own["description"],
            "properties": {"include": include},
            "additionalProperties": own["properties"]["fields"]["additionalProperties"],
        }


class OpenOutputs(Struct, frozen=True):
    """A list of names, a mapping of names, or either of them under ``rows``."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        own = handler.resolve_ref_schema(handler(schema))
        names = {"type": "array", "items": {"type": "string"}}
        renamed = {"type": "object", "additionalProperties": {"type": "string"}}
        rows = {
            "type": "object",
            "properties": {"rows": {"anyOf": [names, renamed]}},
            "required": ["rows"],
            "additionalProperties": False,
        }
        return {"description": own["description"], "anyOf": [names, rows, renamed]}


class Codes(Struct, frozen=True):
    """Codes, which are text even where they look like numbers."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        del schema, handler
        columns = {"type": "object", "additionalProperties": _CODE}
        return {"type": "object", "additionalProperties": {"anyOf": [_CODE, columns]}}
