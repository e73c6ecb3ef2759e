"""Checks everything: projects in every environment, lone pipeline and lookup files, YAML in Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core.connector import StoreRef
from m3nop.core.errors import UsageError
from m3nop.core.problems import Problem, Severity
from m3nop.spec.checking import check
from m3nop.spec.compile import compile_tree
from m3nop.spec.connections import load_connections
from m3nop.spec.desk import Site
from m3nop.spec.fences import fences
from m3nop.spec.files import LOOKUPS, PIPELINES, PROJECT_FILE, YAML_SUFFIXES, ProjectFiles
from m3nop.spec.loader import Document, load_file
from m3nop.spec.lookups import SUFFIXES, load_lookup, lookup_from_tree
from m3nop.spec.mapping_test_checks import check_tests, environment_of
from m3nop.spec.mapping_test_files import TESTS, check_test_form, load_test_file, mapping_test_files
from m3nop.spec.project import MAIN_STORE, LoadedProject
from m3nop.spec.project_checks import check_project
from m3nop.spec.project_model import ProjectSpec
from m3nop.spec.tree import MapNode
from m3nop.spec.variables import Filler, refuse_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from m3nop.core.connector import ConnectorType

MARKDOWN = ".md"
_LONE = Site(store=StoreRef(MAIN_STORE, 1))
"""What a pipeline is compiled against whose project is not known: only what it says itself is checked."""


class Report(Struct, frozen=True):
    """What validation found, in the order of the files."""

    problems: tuple[Problem, ...] = ()
    unchecked: tuple[str, ...] = ()
    """Operations that were not checked against the system itself, for want of a snapshot; their fields are
    those that m3nop ships, if it ships any."""
    files: int = 0
    """How many files were read."""

    @property
    def failed(self) -> bool:
        """Whether a problem was found that stops a run."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def validate(
    paths: Iterable[Path],
    *,
    registry: Mapping[str, ConnectorType],
    environ: Mapping[str, str],
    environment: str | None = None,
) -> Report:
    """Check every project, pipeline, lookup and Markdown file at or below ``paths``.

    Without ``environment`` every environment of a project is checked; a variable that is missing in one of
    them is then only a warning.

    Raises:
        UsageError: a path does not exist.
    """
    checking = _Validation(registry, environ, environment)
    for path in paths:
        if not path.exists():
            msg = f"{path} does not exist"
            raise UsageError(msg)
        checking.add(path)
    return checking.report()


class _Validation:
    def __init__(
        self, registry: Mapping[str, ConnectorType], environ: Mapping[str, str], environment: str | None
    ) -> None:
        self._registry = registry
        self._environ = environ
        self._environment = environment
        self._problems: set[Problem] = set()
        self._unchecked: set[str] = set()
        self._files: set[Path] = set()
        self._projects: set[Path] = set()

    def report(self) -> Report:
        ordered = sorted(self._problems, key=lambda p: (p.position, p.code, p.message))
        return Report(tuple(_without_echoes(ordered)), tuple(sorted(self._unchecked)), len(self._files))

    def add(self, path: Path) -> None:
        if path.is_dir():
            self._folder(path)
            return
        folder = _project_of(path)
        if folder is None:
            self._lone(path)
            return
        inside = _Validation(self._registry, self._environ, self._environment)
        inside.project(folder)
        name = path.as_posix()
        self._files.add(path)
        self._unchecked |= inside._unchecked
        whole = path.name == PROJECT_FILE
        self._problems |= {p for p in inside._problems if whole or p.position.file == name}

    def _folder(self, folder: Path) -> None:
        if (folder / PROJECT_FILE).is_file():
            self.project(folder)
        for path in sorted(folder.iterdir()):
            if path.name.startswith("."):
                continue
            if path.is_dir():
                self._folder(path)
            elif path not in self._files and _project_of(path) is None:
                self._lone(path)

    def project(self, folder: Path) -> None:
        """Check the project in a folder."""
        if folder in self._projects:
            return
        self._projects.add(folder)
        files = ProjectFiles(folder)
        self._files |= {folder / PROJECT_FILE, *files.pipelines.values(), *files.lookups.values()}
        first = LoadedProject(
            files, environment=self._environment, registry=self._registry, environ=self._environ
        )
        projects = [first]
        if self._environment is None and first.environments:
            projects = [first.in_environment(name, lenient=True) for name in first.environments]
        for project in projects:
            problems, unchecked = check_project(project)
            self._problems |= set(problems)
            self._unchecked |= set(unchecked)
        for path in mapping_test_files(folder):
            self._files.add(path)
            file = load_test_file(path)
            named = environment_of(first, self._environment or (file.spec.environment if file.spec else None))
            fitting = next((one for one in projects if one.environment == named), first)
            self._problems |= set(check_tests(file, fitting))

    def _lone(self, path: Path) -> None:
        name = path.as_posix()
        if path.suffix == MARKDOWN:
            self._files.add(path)
            for document in fences(path, file=name):
                self._document(document)
        elif path.suffix in YAML_SUFFIXES:
            self._files.add(path)
            self._document(load_file(path, file=name))
        elif path.suffix in SUFFIXES and path.parent.name == LOOKUPS:
            self._files.add(path)
            problems: list[Problem] = []
            load_lookup(path, file=name, name=path.stem, problems=problems)
            self._problems |= set(problems)

    def _document(self, document: Document) -> None:
        problems = list(document.problems)
        root = document.root
        if isinstance(root, MapNode):
            filler = Filler(self._environ)
            if "pipeline" in root.entries and "source" in root.entries:
                node = refuse_secrets(filler.fill(root), problems)
                problems.extend(compile_tree(node, _LONE).problems)
            elif "lookup" in root.entries and "values" in root.entries:
                lookup_from_tree(root, problems)
            elif "pipeline" in root.entries and "tests" in root.entries:
                check_test_form(root, problems)
            elif "version" in root.entries and "connections" in root.entries:
                node = filler.fill(root)
                check(ProjectSpec, node, problems)
                load_connections(node, self._registry, ProjectFiles(_nowhere(document)), problems)
            problems.extend(filler.problems)
        self._problems |= set(problems)


def _nowhere(document: Document) -> Path:
    """Return a folder beside the document that has no files of a project."""
    return Path(document.source.file) / "none"


def _project_of(path: Path) -> Path | None:
    """Return the project that a file is part of."""
    if path.name == PROJECT_FILE:
        return path.parent
    folder = path.parent.parent
    inside = path.parent.name in (PIPELINES, LOOKUPS, TESTS)
    return folder if inside and (folder / PROJECT_FILE).is_file() else None


def _without_echoes(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Leave out what was said before at the same place in another store or environment.

    A warning is left out where the same thing is an error elsewhere.
    """
    errors = {(p.position, p.code, p.message) for p in problems if p.severity is Severity.ERROR}
    said: set[tuple[object, ...]] = set()
    for problem in problems:
        key = (problem.position, problem.code, problem.message)
        if key in said or (problem.severity is Severity.WARNING and key in errors):
            continue
        said.add(key)
        yield problem
