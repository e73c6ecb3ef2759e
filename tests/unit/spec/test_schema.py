from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from m3nop.spec.loader import load_file, load_text
from m3nop.spec.schema import FOLDER, KINDS, json_schema, schema_text, write_schemas
from m3nop.spec.tree import plain
from tests.unit.spec.fake_systems import REGISTRY

HERE = Path(__file__).parent
FILES = {
    "project": sorted((HERE / "valid").glob("m3nop.yaml")),
    "pipeline": sorted((HERE / "valid" / "pipelines").glob("*.yaml")),
    "lookup": sorted((HERE / "valid" / "lookups").glob("*.yaml")),
}


def as_json(value):
    match value:
        case Decimal():
            return float(value)
        case dict():
            return {name: as_json(item) for name, item in value.items()}
        case list():
            return [as_json(item) for item in value]
        case _:
            return value


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_schema_is_current(kind):
    shipped = (FOLDER / f"{kind}.json").read_text(encoding="utf-8")

    assert shipped == schema_text(kind), "run `python -m m3nop.spec.schema`"


def test_the_schemas_are_written_by_one_command(tmp_path):
    write_schemas(tmp_path / "schema")

    assert sorted(path.stem for path in (tmp_path / "schema").iterdir()) == sorted(KINDS)


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in FILES.items() for path in paths])
def test_a_valid_file_fits_its_schema(kind, path):
    schema = json_schema(kind, registry=REGISTRY)
    Draft202012Validator.check_schema(schema)

    assert list(Draft202012Validator(schema).iter_errors(as_json(plain(load_file(path).root)))) == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("pipeline", "pipeline: x\nsorce: {}\n"),
        ("lookup", "lookup: x\nvalues: {a: [b]}\n"),
        ("project", "version: 1\nconnections: {erp: {type: m3, url: x, pagesize: 1}}\n"),
    ],
)
def test_a_wrong_file_does_not_fit_its_schema(kind, text):
    schema = json_schema(kind, registry=REGISTRY)

    assert list(Draft202012Validator(schema).iter_errors(as_json(plain(load_text(text, file="x").root))))


def test_every_key_of_the_language_is_described():
    for kind in KINDS:
        schema = json_schema(kind)
        for name, definition in {kind: schema, **schema.get("$defs", {})}.items():
            for key, described in definition.get("properties", {}).items():
                told = described.get("description") or schema["$defs"][described["$ref"].rpartition("/")[2]]
                assert told, f"{name}.{key}"


def test_known_operations_are_completed():
    schema = json_schema("pipeline", targets=["erp/OIS100MI/Confirm"])

    call = schema["$defs"]["StepSpec"]["properties"]["call"]
    assert {"enum": ["erp/OIS100MI/Confirm"]} in call["anyOf"][0]["anyOf"]
