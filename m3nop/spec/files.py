"""Finds and reads the files of a project; each is read once, when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core import json
from m3nop.core.problems import Position, Problem
from m3nop.spec.loader import load_file
from m3nop.spec.lookups import SUFFIXES, load_lookup
from m3nop.spec.tree import MapNode, Node, child_map

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from m3nop.core.json import Json
    from m3nop.mapping.lookups import Lookup

PROJECT_FILE = "m3nop.yaml"
PIPELINES = "pipelines"
LOOKUPS = "lookups"
METADATA = "m3"
ENVIRONMENTS = "environments"
YAML_SUFFIXES = (".yaml", ".yml")
MOST_METADATA_BYTES = 50_000_000


class ProjectFiles:
    """The files of one project folder. ``problems`` grows as files are read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self._trees: dict[Path, Node | None] = {}
        self._lookups: dict[tuple[Path, str], Lookup | None] = {}
        self._metadata: Mapping[str, Json] | None = None
        self.pipelines = self._by_stem(PIPELINES, YAML_SUFFIXES)
        self.lookups = self._by_stem(LOOKUPS, SUFFIXES)

    def name(self, path: Path) -> str:
        """Name a file as the user would."""
        return path.as_posix()

    @property
    def project(self) -> Node | None:
        """The tree of ``m3nop.yaml``, or None where it cannot be read."""
        return self.tree(self.folder / PROJECT_FILE)

    @property
    def environments(self) -> tuple[str, ...]:
        """Names of the environments that ``m3nop.yaml`` has."""
        found = child_map(self.project, ENVIRONMENTS)
        return tuple(found.entries) if found else ()

    def tree(self, path: Path) -> Node | None:
        """Read a YAML file that must be a mapping, or return None and keep the problems."""
        if path not in self._trees:
            document = load_file(path, file=self.name(path))
            self.problems.extend(document.problems)
            root = document.root
            if root is not None and not isinstance(root, MapNode):
                self.problems.append(Problem(root.position, "wrong-value", "the file must be a mapping"))
                root = None
            self._trees[path] = root
        return self._trees[path]

    def lookup(self, path: Path, name: str) -> Lookup | None:
        """Read a lookup file, or return None and keep the problems; one that is not there is None."""
        if (path, name) not in self._lookups:
            if not path.is_file() or not self.holds(path):
                return None
            self._lookups[path, name] = load_lookup(
                path, file=self.name(path), name=name, problems=self.problems
            )
        return self._lookups[path, name]

    def holds(self, path: Path) -> bool:
        """Tell whether a file lies in the project, wherever links and ``..`` lead."""
        return path.resolve().is_relative_to(self.folder.resolve())

    @property
    def metadata(self) -> Mapping[str, Json]:
        """The snapshot of the tenant's MI metadata, by file name."""
        if self._metadata is None:
            found: dict[str, Json] = {}
            for path in sorted((self.folder / METADATA).glob("*.json")):
                try:
                    found[path.name] = json.loads(_read_metadata(path))
                except (OSError, ValueError) as error:
                    at = Position(self.name(path))
                    self.problems.append(
                        Problem(at, "bad-metadata", f"cannot be read: {error}", "make the snapshot again")
                    )
            self._metadata = found
        return self._metadata

    def _by_stem(self, folder: str, suffixes: tuple[str, ...]) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for path in sorted((self.folder / folder).glob("*")):
            if path.suffix not in suffixes or not path.is_file():
                continue
            if path.stem in found:
                message = f"{found[path.stem].name} has the same name"
                self.problems.append(
                    Problem(Position(self.name(path)), "duplicate-file", message, "remove one")
                )
            else:
                found[path.stem] = path
        return found


def _read_metadata(path: Path) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(MOST_METADATA_BYTES + 1)
    if len(data) > MOST_METADATA_BYTES:
        msg = f"it is larger than {MOST_METADATA_BYTES // 1_000_000} MB"
        raise ValueError(msg)
    return data
