from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

import m3nop
from m3nop.app.pack import pack_folder

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("core", "mapping", "http", "spec", "connectors", "state", "engine", "sandbox", "app", "cli")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TOOL_FOLDERS = {".git", ".venv", "venv", ".m3nop", "build", "dist", "htmlcov", "__pycache__"}
# Written in pieces, so that this file does not name what it forbids.
REGISTRY_HOSTS = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "anaconda" + ".org",
)


def readme_command(name: str) -> str:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"^<!-- command: {name} -->\n```sh\n(.+)\n```$", readme, flags=re.MULTILINE)
    assert len(found) == 1, f"README.md needs one single-line block marked {name!r}"
    return found[0]


def project_files() -> list[Path]:
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file()
        and not TOOL_FOLDERS.intersection(path.relative_to(ROOT).parts)
        and not any(part.endswith("_cache") for part in path.relative_to(ROOT).parts)
    ]


def test_the_readme_has_one_command_for_the_demo_and_one_for_the_tests():
    assert readme_command("demo").endswith(".venv/bin/m3nop demo")
    assert ".venv/bin/python -m pytest" in readme_command("test").split(" && ")[-1]


@pytest.mark.parametrize("name", ["demo", "test"])
def test_a_readme_command_starts_from_nothing_and_installs_by_the_constraints(name):
    steps = readme_command(name).split(" && ")

    assert steps[0] == "python3 -m venv .venv"
    assert "-c constraints.txt" in steps[1]
    assert len(steps) == 3


def test_the_gate_takes_its_commands_from_the_readme():
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert "readme_command test" in gate
    assert "pip install" not in gate
    assert "-m pytest" not in gate


def test_the_gate_checks_in_the_order_of_the_house():
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    order = ["'ruff format'", "'ruff check'", "'mypy'", "'lint-imports'", "'pytest'", "'m3nop validate'"]

    places = [gate.index(f"check {name}") for name in order]

    assert places == sorted(places)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_says_what_it_is(layer):
    source = (ROOT / "m3nop" / layer / "__init__.py").read_text(encoding="utf-8")

    assert ast.get_docstring(ast.parse(source))


def test_every_module_folder_is_a_layer_of_the_contract():
    contract = next(c for c in PYPROJECT["tool"]["importlinter"]["contracts"] if c["id"] == "layers")
    declared = {name.strip("() ") for row in contract["layers"] for name in row.split("|")}
    present = {path.parent.name for path in (ROOT / "m3nop").glob("*/__init__.py")}

    assert present <= declared
    assert set(LAYERS) <= declared


def test_every_connector_is_kept_apart_from_the_others():
    contract = next(c for c in PYPROJECT["tool"]["importlinter"]["contracts"] if c["id"] == "connectors")
    present = {path.parent.name for path in (ROOT / "m3nop" / "connectors").glob("*/__init__.py")}

    assert contract["type"] == "independence"
    assert set(contract["modules"]) == {f"m3nop.connectors.{name}" for name in present}


def test_the_version_is_stated_once_for_users_and_once_for_installers():
    assert PYPROJECT["project"]["version"] == m3nop.__version__


@pytest.mark.parametrize("extra", ["dev", "postgres"])
def test_an_extra_exists(extra):
    assert PYPROJECT["project"]["optional-dependencies"][extra]


def declared_requirements() -> list[str]:
    project = PYPROJECT["project"]
    return [
        *project["dependencies"],
        *(r for extra in project["optional-dependencies"].values() for r in extra),
    ]


@pytest.mark.parametrize("requirement", declared_requirements())
def test_a_requirement_has_a_lower_bound_and_no_upper_cap(requirement):
    assert re.fullmatch(r"[a-z0-9-]+(\[[a-z]+\])?>=[0-9.]+(; .+)?", requirement)


@pytest.mark.parametrize("requirement", declared_requirements())
def test_a_requirement_is_pinned_by_the_constraints(requirement):
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].lower() for line in lines}

    assert re.split(r"\[|>=", requirement)[0] in pinned


def test_constraints_are_names_and_versions_without_addresses():
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line), line


def test_no_file_names_a_package_registry():
    naming = [
        str(path.relative_to(ROOT))
        for path in project_files()
        if any(host.encode() in path.read_bytes() for host in REGISTRY_HOSTS)
    ]

    assert naming == []


def test_the_pack_is_found_in_a_checkout():
    assert pack_folder() == ROOT / "configs"
