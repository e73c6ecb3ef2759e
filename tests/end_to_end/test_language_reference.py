"""The language reference names everything that the models accept, and its YAML is valid."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from m3nop.app.registry import CONNECTORS
from m3nop.spec import field_model, models, project_model
from m3nop.spec.scope import MEMBERS, PLACES
from m3nop.spec.step_form import KEYS
from m3nop.spec.validate import validate
from tests.end_to_end.function_reference import PAGE, render

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "language.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
CODE = set(re.findall(r"\w+", " ".join(FENCE.findall(REFERENCE) + INLINE.findall(FENCE.sub("", REFERENCE)))))
"""Words that stand in code, inline or in a fence."""
NOT_YET = {"linked", "watermark"}
"""Root names of sources that no pipeline reads yet."""
GUIDES = [DOCS / "reference" / "language.md", DOCS / "how-to" / "write-a-mapping.md"]


def _models():
    for module in (models, project_model):
        for found in vars(module).values():
            if (
                isinstance(found, type)
                and issubclass(found, BaseModel)
                and found.__module__ == module.__name__
            ):
                yield found


def _keys():
    # What the short forms are taken apart into is no key that anybody writes.
    inner = {(models.OutputsSpec, "names"), (models.FieldsSpec, "fields")}
    for model in _models():
        for name, field in model.model_fields.items():
            if (model, name) not in inner:
                yield field.alias or name


def test_every_key_is_in_the_reference():
    assert set(_keys()) - CODE == set()


def test_every_root_name_is_in_the_reference():
    assert {*PLACES, *MEMBERS} - CODE <= NOT_YET


def test_every_policy_and_action_is_in_the_reference():
    assert {*get_args(field_model.OnFailText), *get_args(models.RefusalText), *KEYS} - CODE == set()


def test_the_yaml_of_the_reference_and_of_the_guide_is_valid():
    report = validate(GUIDES, registry=CONNECTORS, environ={})
    assert report.problems == ()
    assert report.files == len(GUIDES)


def test_the_page_of_functions_is_that_of_the_table():
    assert PAGE.read_text(encoding="utf-8") == render()
