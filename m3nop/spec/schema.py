"""JSON Schema of the files, from the models, for editors (``python -m m3nop.spec.schema`` writes them)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from m3nop.core import json
from m3nop.spec.docstrings import DescribedSchema
from m3nop.spec.mapping_tests import MappingTestsSpec
from m3nop.spec.models import LookupSpec, PipelineSpec
from m3nop.spec.project_model import ProjectSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.core.connector import ConnectorType
    from m3nop.spec.field_model import SpecModel

KINDS: Mapping[str, type[SpecModel]] = {
    "project": ProjectSpec,
    "pipeline": PipelineSpec,
    "lookup": LookupSpec,
    "test": MappingTestsSpec,
}
FOLDER = Path(__file__).parent / "schema"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TARGETS = "target"


def json_schema(
    kind: str, *, registry: Mapping[str, ConnectorType] | None = None, targets: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the JSON Schema of ``project``, ``pipeline``, ``lookup`` or ``test`` files.

    With ``registry`` the options of each connection type are described; with ``targets``
    (``erp/OIS100MI/Confirm``) editors complete them wherever an operation is named.
    """
    schema = {"$schema": _DIALECT, **KINDS[kind].model_json_schema(schema_generator=DescribedSchema)}
    if registry and kind == "project":
        _describe_connections(schema, registry)
    if targets:
        _complete_targets(schema, sorted(targets))
    return schema


def schema_text(kind: str) -> str:
    """Return the schema as the text that is shipped."""
    return f"{json.dumps(json_schema(kind), indent=2)}\n"


def write_schemas(folder: Path = FOLDER) -> None:
    """Write the schema files."""
    folder.mkdir(exist_ok=True)
    for kind in KINDS:
        (folder / f"{kind}.json").write_text(schema_text(kind), encoding="utf-8", newline="\n")


def _describe_connections(schema: dict[str, Any], registry: Mapping[str, ConnectorType]) -> None:
    choices = []
    for name, connector in sorted(registry.items()):
        options = connector.config.model_json_schema(
            ref_template=f"#/$defs/{name}.{{model}}", schema_generator=DescribedSchema
        )
        for inner, definition in options.pop("$defs", {}).items():
            schema["$defs"][f"{name}.{inner}"] = definition
        options["properties"] = {**options["properties"], "type": {"const": name}}
        options["required"] = sorted({*options.get("required", []), "type"})
        choices.append(options)
    connections = schema["properties"]["connections"]
    for pattern in connections["patternProperties"]:
        connections["patternProperties"][pattern] = {"anyOf": choices}


def _complete_targets(node: object, targets: Sequence[str]) -> None:
    """Offer the known operations wherever the schema has a target; others stay allowed."""
    if isinstance(node, dict):
        if node.get("format") == _TARGETS:
            node["anyOf"] = [{"enum": list(targets)}, {"type": "string"}]
        for value in node.values():
            _complete_targets(value, targets)
    elif isinstance(node, list):
        for value in node:
            _complete_targets(value, targets)


if __name__ == "__main__":
    write_schemas()
