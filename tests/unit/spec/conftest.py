from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from m3nop.spec import LoadedProject, load_project
from tests.unit.spec.fake_systems import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the valid project, to change."""
    shutil.copytree(HERE / "valid", tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def load(folder: Path) -> Callable[..., LoadedProject]:
    """Load the copy."""

    def loading(environment: str | None = "sandbox", **environ: str) -> LoadedProject:
        return load_project(folder, environment=environment, registry=REGISTRY, environ=environ)

    return loading


def change(path: Path, old: str, new: str) -> None:
    """Replace a text that stands in a file once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
