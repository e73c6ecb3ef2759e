"""What is written below the keys of a model, for its JSON Schema.

Pydantic can read it too (``use_attribute_docstrings``), but does so whenever a model is imported, which took
a tenth of the time of ``m3nop validate``.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import core_schema


class DescribedSchema(GenerateJsonSchema):
    """Makes JSON Schemas in which every key is described."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Make the schema of one model."""
        made = super().model_schema(schema)
        texts, properties = attribute_docstrings(schema["cls"]), made.get("properties", {})
        for name, field in schema["cls"].model_fields.items():
            described = properties.get(field.alias or name)
            if described is not None and field.description is None and name in texts:
                # What its type says of itself is said of every key of that type.
                described["description"] = texts[name]
        return made


def attribute_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstrings of a model's fields, inherited ones too."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            found.update(_own(base))
    return found


def _own(model: type[Any]) -> Iterator[tuple[str, str]]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    for field, below in pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
            case _:
                pass
