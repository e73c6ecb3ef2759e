"""Reads ``tests/*.yaml``: takes fixtures in, and lays what each test changes over what the file gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from m3nop.core import json
from m3nop.core.problems import Position, Problem
from m3nop.spec.checking import check
from m3nop.spec.files import PROJECT_FILE, YAML_SUFFIXES
from m3nop.spec.loader import load_file
from m3nop.spec.mapping_tests import ExpectedCallSpec, GivenSpec, MappingTestSpec, MappingTestsSpec
from m3nop.spec.suggest import suggest
from m3nop.spec.tree import Loc, MapNode, ScalarNode, find, locate, plain, walk

if TYPE_CHECKING:
    from pathlib import Path

    from m3nop.core.json import Json
    from m3nop.spec.tree import Node

TESTS = "tests"
FIXTURE = "$fixture"
OUTCOMES = ("review", "rejected", "waits", "ignored")
MOST_FIXTURE_BYTES = 10_000_000


class MappingTest(Struct, frozen=True):
    """One test with everything that it is given."""

    spec: MappingTestSpec
    given: GivenSpec
    loc: Loc
    """Where it stands in its file."""
    position: Position


class MappingTestFile(Struct, frozen=True, eq=False):
    """A file of tests; where something is wrong with it, ``problems`` says what."""

    path: Path
    root: MapNode | None
    spec: MappingTestsSpec | None
    tests: tuple[MappingTest, ...]
    problems: tuple[Problem, ...]

    def at(self, loc: Loc, *, key: bool = False) -> Position:
        """Return the place of something in the file."""
        return Position(self.path.as_posix()) if self.root is None else locate(self.root, loc, key=key)


def mapping_test_files(folder: Path) -> list[Path]:
    """List the test files of a project."""
    return [path for path in sorted((folder / TESTS).glob("*")) if path.suffix in YAML_SUFFIXES]


def load_test_file(path: Path) -> MappingTestFile:
    """Read a file of tests with its fixtures."""
    document = load_file(path, file=path.as_posix())
    problems = list(document.problems)
    root = document.root
    if root is None:
        return MappingTestFile(path, None, None, (), tuple(problems))
    spec = check_test_form(root, problems)
    if spec is None or not isinstance(root, MapNode):
        return MappingTestFile(path, None, None, (), tuple(problems))
    fixtures = _Fixtures(path.parent, problems)
    fixtures.check(root)
    tests = tuple(_tests(root, spec, fixtures, problems))
    return MappingTestFile(path, root, spec, tests, tuple(problems))


def check_test_form(root: Node, problems: list[Problem]) -> MappingTestsSpec | None:
    """Check the form of a file of tests; a problem for each finding."""
    before = len(problems)
    spec = check(MappingTestsSpec, root, problems)
    if spec is None:
        return None
    names: dict[str, int] = {}
    for index, test in enumerate(spec.tests):
        loc: Loc = ("tests", index)
        at = locate(root, (*loc, "name"))
        first = names.setdefault(test.name, at.line)
        if first != at.line:
            message = f"a test of this name is already there at line {first}"
            problems.append(Problem(at, "duplicate-test", message, "give it a name of its own"))
        _check_expect(root, (*loc, "expect"), test, problems)
    return spec if len(problems) == before else None


def _check_expect(root: Node, loc: Loc, test: MappingTestSpec, problems: list[Problem]) -> None:
    expect = test.expect
    if not expect.model_fields_set:
        message = "the test expects nothing"
        hint = "name at least `calls`, or one of review, rejected, waits, ignored"
        problems.append(Problem(locate(root, loc), "test-form", message, hint))
    ends = [name for name in OUTCOMES if getattr(expect, name) is not None]
    if len(ends) > 1:
        message = f"a record ends in one way, not with {' and '.join(f'`{name}`' for name in ends)}"
        problems.append(Problem(locate(root, (*loc, ends[1]), key=True), "test-form", message))
    for kind, actions in (("calls", ("call", "upsert")), ("reads", ("read",))):
        for index, call in enumerate(getattr(expect, kind) or ()):
            _check_call(root, (*loc, kind, index), call, actions, problems)


def _check_call(
    root: Node, loc: Loc, call: ExpectedCallSpec, actions: tuple[str, ...], problems: list[Problem]
) -> None:
    named = [name for name in ("call", "read", "upsert") if getattr(call, name) is not None]
    if len(named) != 1 or named[0] not in actions:
        choice = " or ".join(f"`{name}`" for name in actions)
        problems.append(Problem(locate(root, loc), "test-form", f"an expected call here has {choice}"))
    only = [name for name in ("match", "on_create", "missing") if name in call.model_fields_set]
    if only and named != ["upsert"]:
        message = f"`{only[0]}` goes with `upsert`"
        problems.append(Problem(locate(root, (*loc, only[0]), key=True), "test-form", message))


def _tests(
    root: MapNode, spec: MappingTestsSpec, fixtures: _Fixtures, problems: list[Problem]
) -> list[MappingTest]:
    base = fixtures.expand(plain(root.get("given")))
    found: list[MappingTest] = []
    for index, test in enumerate(spec.tests):
        loc: Loc = ("tests", index)
        merged = merged_values(base, fixtures.expand(dict(test.with_)))
        # What the file gives was checked with its form, so what is wrong now is in the changes.
        changes = find(root, (*loc, "with")) or root
        given = check(GivenSpec, changes, problems, data=merged)
        if given is not None:
            found.append(MappingTest(test, given, loc, locate(root, loc)))
    return found


def merged_values(base: Json, over: Json) -> Json:
    """Lay changes over values: mappings merge, numbers change items of a list, anything else replaces."""
    match base, over:
        case dict(), dict():
            merged = dict(base)
            for name, value in over.items():
                merged[name] = merged_values(base[name], value) if name in base else value
            return merged
        case list(), dict() if over and all(str(name).isdecimal() for name in over):
            items = list(base)
            for name, value in over.items():
                index = int(name)
                if index < len(items):
                    items[index] = merged_values(items[index], value)
                else:
                    items.append(value)
            return items
        case _:
            return over


class _Fixtures(Struct):
    """The JSON files that a file of tests takes records from."""

    folder: Path
    problems: list[Problem]
    _read: dict[str, Json] = field(default_factory=dict)

    def check(self, root: Node) -> None:
        """Read every fixture that is named anywhere; what is wrong is said where it is named."""
        for loc, node in walk(root):
            if loc[-1:] == (FIXTURE,) and isinstance(node, ScalarNode):
                self._take(node.text, node.position)

    def _take(self, name: str, at: Position) -> None:
        if name in self._read:
            return
        path = (self.folder / name).resolve()
        self._read[name] = {}
        top = next((one for one in self.folder.resolve().parents if (one / PROJECT_FILE).is_file()), None)
        if not path.is_relative_to(top or self.folder.resolve()):
            self.problems.append(Problem(at, "fixture", f"'{name}' is outside of the project"))
        elif not path.is_file():
            near = suggest(name, [f"{one.parent.name}/{one.name}" for one in self.folder.glob("*/*.json")])
            self.problems.append(Problem(at, "missing-file", f"there is no file '{name}'", near))
        elif path.stat().st_size > MOST_FIXTURE_BYTES:
            self.problems.append(Problem(at, "fixture", f"'{name}' is larger than 10 MB"))
        else:
            self._load(name, path, at)

    def _load(self, name: str, path: Path, at: Position) -> None:
        try:
            self._read[name] = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            self.problems.append(Problem(at, "fixture", f"'{name}' cannot be read: {error}"))

    def expand(self, value: Json) -> Json:
        """Put fixtures in the place of their names; what stands beside a name is laid over."""
        if isinstance(value, list):
            return [self.expand(item) for item in value]
        if not isinstance(value, dict):
            return value
        inner = {name: self.expand(one) for name, one in value.items() if name != FIXTURE}
        if FIXTURE not in value:
            return inner
        fixture: Any = self._read.get(str(value[FIXTURE]), {})
        return merged_values(fixture, inner) if inner else fixture
