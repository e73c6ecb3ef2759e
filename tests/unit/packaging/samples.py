"""Reads the samples in packaging/, each kind by a parser of its own."""

from __future__ import annotations

import re
import shlex
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import yaml
from dockerfile_parse import DockerfileParser

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "packaging"
UNITS = sorted((FOLDER / "systemd").glob("m3nop*.service"))
TIMERS = sorted((FOLDER / "systemd").glob("*.timer"))
CRONTAB = FOLDER / "cron" / "m3nop"
CONTAINERFILE = FOLDER / "container" / "Containerfile"
COMPOSE = FOLDER / "container" / "compose.yaml"
TASK = FOLDER / "windows" / "m3nop-sync.xml"
PIPELINES = (FOLDER / "ci" / "github.yml", FOLDER / "ci" / "gitlab-ci.yml")
TASK_SCHEMA = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


def text_of(path: Path) -> str:
    """Return the text of a sample."""
    return path.read_text(encoding="utf-8")


def unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """Read a unit of systemd: its sections, and each key with all its values in order."""
    found: dict[str, dict[str, list[str]]] = {}
    for line in text_of(path).splitlines():
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            section = found.setdefault(heading[1], {})
        elif line and line[0] not in "#;":
            name, equals, value = line.partition("=")
            assert equals, line
            section.setdefault(name, []).append(value)
    return found


def crontab() -> Iterator[tuple[str, str, str]]:
    """Yield schedule, user and command of each line of the crontab."""
    for line in text_of(CRONTAB).splitlines():
        if line and line[0] in "*0123456789":
            *fields, user, command = line.split(maxsplit=6)
            yield " ".join(fields), user, command


def containerfile() -> list[tuple[str, str]]:
    """Return the instructions of the Containerfile in order."""
    parser = DockerfileParser(fileobj=BytesIO(CONTAINERFILE.read_bytes()), env_replace=False)
    return [(one["instruction"], one["value"]) for one in parser.structure if one["instruction"] != "COMMENT"]


def parsed(path: Path) -> Any:
    """Read a YAML file."""
    return yaml.safe_load(text_of(path))


def task() -> ElementTree.Element:
    """Read the task of Windows."""
    return ElementTree.fromstring(TASK.read_bytes())  # noqa: S314  our own file


def scripts(path: Path) -> list[str]:
    """Return the shell commands of a CI pipeline."""
    document = parsed(path)
    if "jobs" in document:
        steps = [step for job in document["jobs"].values() for step in job["steps"]]
        return [step["run"] for step in steps if "run" in step]
    return list(document["m3nop"]["script"])


def m3nop_commands() -> Iterator[tuple[str, str]]:
    """Yield every command of m3nop that a sample runs, with the sample's name."""
    shell = [
        (path.name, line) for path in PIPELINES for script in scripts(path) for line in script.splitlines()
    ]
    shell += [(CRONTAB.name, command) for _, _, command in crontab()]
    shell += [
        (path.name, line) for path in UNITS for name, lines in unit(path)["Service"].items()
        if name.startswith("Exec") for line in lines
    ]  # fmt: skip
    for name, line in shell:
        for found in re.findall(r"(?:^|[\s/(])m3nop +([^|;&<>#)\"']+)", line):
            yield name, found.strip()
    by_name = dict(containerfile())
    yield CONTAINERFILE.name, shlex.join(yaml.safe_load(by_name["CMD"]))
    yield COMPOSE.name, shlex.join(parsed(COMPOSE)["services"]["m3nop"]["command"])
    yield TASK.name, str(task().findtext(f".//{TASK_SCHEMA}Arguments"))
