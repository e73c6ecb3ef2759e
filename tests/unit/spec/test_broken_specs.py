"""Each file under ``broken/`` begins with the problems that it must have: file:line:column and code, no others."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from m3nop.spec.validate import validate
from tests.unit.spec.fake_systems import REGISTRY

HERE = Path(__file__).parent
BROKEN = sorted((HERE / "broken").glob("*.yaml"))


def place(spec: Path, project: Path) -> None:
    """Put a broken file where its kind belongs in a project that is valid without it."""
    text = spec.read_text(encoding="utf-8")
    shutil.copytree(HERE / "valid", project)
    shutil.copy(HERE / "one_environment.yaml", project / "m3nop.yaml")
    if "\nversion:" in text:
        shutil.copy(spec, project / "m3nop.yaml")
    elif "\nlookup:" in text:
        shutil.copy(spec, project / "lookups" / "broken.yaml")
    else:
        shutil.copy(spec, project / "pipelines" / "broken.yaml")


def expected(spec: Path) -> list[str]:
    return re.findall(r"^# expect: (.+)$", spec.read_text(encoding="utf-8"), flags=re.MULTILINE)


def found(project: Path) -> list[str]:
    report = validate([project], registry=REGISTRY, environ={})
    lookup_is_unused = {"unused-lookup"}
    return [
        f"{Path(p.position.file).relative_to(project).as_posix()}:{p.position.line}:{p.position.column} {p.code}"
        for p in report.problems
        if p.code not in lookup_is_unused
    ]


def test_there_are_at_least_forty_broken_specs():
    assert len(BROKEN) >= 40


@pytest.mark.parametrize("spec", BROKEN, ids=lambda path: path.stem)
def test_a_broken_spec_has_exactly_its_problems(spec, tmp_path):
    place(spec, tmp_path / "project")

    assert found(tmp_path / "project") == expected(spec)
