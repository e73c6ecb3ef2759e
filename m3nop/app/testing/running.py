"""Finds the tests that a person asked for, runs them, and says what came of each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.app.registry import CONNECTORS
from m3nop.app.session import unknown
from m3nop.app.testing.bench import Bench, Verdict
from m3nop.app.testing.coverage import Coverage
from m3nop.core.errors import ConfigurationError, UsageError
from m3nop.core.problems import Severity
from m3nop.spec.files import PROJECT_FILE, YAML_SUFFIXES
from m3nop.spec.mapping_test_checks import check_tests
from m3nop.spec.mapping_test_files import TESTS, MappingTestFile, load_test_file, mapping_test_files
from m3nop.spec.project import load_project

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from m3nop.core.problems import Problem
    from m3nop.spec.project import LoadedProject


class Choice(Struct, frozen=True):
    """Which tests are run."""

    pipelines: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    environment: str | None = None
    text: str = ""
    """A part of the test's name, or of its file's."""


class Outcome(Struct, frozen=True):
    """What came of the tests that were run."""

    verdicts: tuple[Verdict, ...]
    coverage: Coverage | None = None

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The tests that failed."""
        return tuple(one for one in self.verdicts if not one.passed)


def run_tests(paths: Sequence[Path], choice: Choice, *, coverage: bool = False) -> Outcome:
    """Run the tests at or below some paths.

    Raises:
        UsageError: there are no such tests.
        ConfigurationError: a test file, or a pipeline that is tested, is wrong; carries the problems.
    """
    verdicts: list[Verdict] = []
    reached = Coverage() if coverage else None
    for folder, files in _by_project(paths).items():
        verdicts += _run_project(folder, files, choice, reached)
    if not verdicts:
        where = ", ".join(map(str, paths))
        msg = f"there are no such tests in {where}; `m3nop capture PIPELINE --key KEY` makes one"
        raise UsageError(msg)
    return Outcome(tuple(verdicts), reached)


def _run_project(
    folder: Path, paths: Iterable[Path], choice: Choice, reached: Coverage | None
) -> Iterator[Verdict]:
    project = load_project(folder, environment=None, registry=CONNECTORS, environ=os.environ)
    if choice.environment is not None and choice.environment not in project.environments:
        raise UsageError(unknown("environment", choice.environment, project.environments))
    bench = Bench(project, environment=choice.environment, watch=None if reached is None else reached.watch)
    files = [load_test_file(path) for path in paths]
    _refuse(files, bench)
    for file in files:
        assert file.spec is not None  # noqa: S101  files with problems were refused
        name, place = file.spec.pipeline, bench.project(file.spec.environment)
        if choice.pipelines and name not in choice.pipelines:
            continue
        if reached is not None:
            reached.expect(place, name, place.stores_of(name))
        yield from _run_file(bench, file, choice, reached)


def _run_file(
    bench: Bench, file: MappingTestFile, choice: Choice, reached: Coverage | None
) -> Iterator[Verdict]:
    for test in file.tests:
        if choice.text.lower() not in f"{file.path.name} {test.spec.name}".lower():
            continue
        verdict = bench.run(file, test)
        if choice.stores and verdict.store not in choice.stores:
            continue
        if reached is not None:
            reached.test(verdict)
        yield verdict


def _refuse(files: Sequence[MappingTestFile], bench: Bench) -> None:
    """Refuse to run tests that are wrong, or whose pipelines are.

    Raises:
        ConfigurationError: something is; carries every problem.
    """
    problems: set[Problem] = set()
    for file in files:
        project = bench.project(file.spec.environment if file.spec else None)
        problems |= set(check_tests(file, project)) | set(project.problems)
        if file.spec is not None and file.spec.pipeline in project.pipelines:
            problems |= _of_pipeline(project, file.spec.pipeline)
    errors = sorted(
        (one for one in problems if one.severity is Severity.ERROR),
        key=lambda one: (one.position, one.message),
    )
    if errors:
        msg = f"the tests cannot be run: {len(errors)} problem{'s' if len(errors) > 1 else ''}"
        raise ConfigurationError(msg, problems=errors)


def _of_pipeline(project: LoadedProject, name: str) -> set[Problem]:
    return {problem for store in project.stores_of(name) for problem in project.compile(name, store).problems}


def _by_project(paths: Sequence[Path]) -> dict[Path, list[Path]]:
    """Return the test files at or below the paths, by their projects."""
    found: dict[Path, list[Path]] = {}
    known: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            msg = f"{path} does not exist"
            raise UsageError(msg)
        for folder, file in _files(path):
            files = found.setdefault(known.setdefault(folder.resolve(), folder), [])
            if file.resolve() not in {one.resolve() for one in files}:
                files.append(file)
    return found


def _files(path: Path) -> Iterator[tuple[Path, Path]]:
    if path.is_file():
        place = path if path.parent.name else path.resolve()
        folder = place.parent.parent
        inside = place.parent.name == TESTS and (folder / PROJECT_FILE).is_file()
        if path.suffix not in YAML_SUFFIXES or not inside:
            msg = f"{path} is no test file: it has to be a YAML file in `tests` of a project"
            raise UsageError(msg)
        yield folder, path
    elif path.name == TESTS and (path.parent / PROJECT_FILE).is_file():
        yield from ((path.parent, file) for file in mapping_test_files(path.parent))
    else:
        projects = sorted(one.parent for one in path.rglob(PROJECT_FILE))
        for folder in projects:
            yield from ((folder, file) for file in mapping_test_files(folder))
