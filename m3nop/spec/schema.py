"""JSON Schema of the files, from the models, for editors (``python -m m3nop.spec.schema`` writes them)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from m3nop.core import json
from m3nop.spec.models import LookupSpec, PipelineSpec
from m3nop.spec.project_model import ProjectSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.spec.models import SpecModel

KINDS: Mapping[str, type[SpecModel]] = {
    "project": ProjectSpec,
    "pipeline": PipelineSpec,
    "lookup": LookupSpec,
}
FOLDER = Path(__file__).parent / "schema"


def json_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of ``project``, ``pipeline`` or ``lookup`` files."""
    schema = KINDS[kind].model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text(kind: str) -> str:
    """Return the schema as the text that is shipped."""
    return f"{json.dumps(json_schema(kind), indent=2)}\n"


def write_schemas(folder: Path = FOLDER) -> None:
    """Write the schema files."""
    folder.mkdir(exist_ok=True)
    for kind in KINDS:
        (folder / f"{kind}.json").write_text(schema_text(kind), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_schemas()
