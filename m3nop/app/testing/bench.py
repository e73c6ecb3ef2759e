"""Runs mapping tests: compiles a pipeline as the test wants it, and lets the engine walk over the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from msgspec import Struct
from msgspec.structs import replace

from m3nop.app.testing.matching import Difference, differences
from m3nop.core import json
from m3nop.core.clock import DAY, parse_instant
from m3nop.core.connector import Answer, Failure, Outcome, Remedy
from m3nop.core.errors import ConfigurationError, M3nopError
from m3nop.engine.rehearsal import Asked, Rehearsal, Script, Setting, rehearse
from m3nop.mapping.lookups import VALUE, Lookup
from m3nop.spec.compile import compile_tree
from m3nop.spec.mapping_test_checks import environment_of
from m3nop.spec.mapping_test_files import merged_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.core.clock import Instant
    from m3nop.core.json import Json
    from m3nop.mapping.pipeline import Pipeline, Step
    from m3nop.spec.mapping_test_files import MappingTest, MappingTestFile
    from m3nop.spec.mapping_tests import ExpectSpec, GivenSpec
    from m3nop.spec.project import LoadedProject

REFUSED = "$refused"
_NO_DATE = parse_instant("2026-01-01T12:00:00Z")
"""The time of a test whose record does not say when it was created."""


class Verdict(Struct, frozen=True):
    """What came of one test."""

    file: MappingTestFile
    test: MappingTest
    store: str
    found: Rehearsal | None
    """None where the test cannot be run."""
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether everything is as expected."""
        return not self.differences


class Bench:
    """Runs the tests of one project. ``watch`` may put listeners into a pipeline before it is used."""

    def __init__(
        self, project: LoadedProject, *, environment: str | None = None,
        watch: Callable[[Pipeline], Pipeline] | None = None,
    ) -> None:  # fmt: skip
        self._first = project
        self._environment = environment
        self._projects: dict[str | None, LoadedProject] = {project.environment: project}
        self._pipelines: dict[str, Pipeline] = {}
        self._watch = watch

    def project(self, named: str | None = None) -> LoadedProject:
        """Return the project in the environment that a file of tests wants."""
        environment = environment_of(self._first, self._environment or named)
        if environment not in self._projects:
            self._projects[environment] = self._first.in_environment(environment, lenient=True)
        return self._projects[environment]

    def run(self, file: MappingTestFile, test: MappingTest) -> Verdict:
        """Run one test."""
        loc = (*test.loc, "expect")
        store = ""
        try:
            store = self.store_of(file, test)
            pipeline = self.pipeline(file, test, store)
            found = self.rehearse(file, test, pipeline)
        except M3nopError as error:
            return Verdict(file, test, store, None, (Difference(loc, str(error)),))
        expect = self._possible(test.spec.expect, file)
        return Verdict(file, test, store, found, tuple(differences(expect, found, loc)))

    def store_of(self, file: MappingTestFile, test: MappingTest) -> str:
        """Return the store that a test is about: as it says, as the record says, or the only one.

        Raises:
            ConfigurationError: it cannot be told.
        """
        spec = file.spec
        assert spec is not None  # noqa: S101  a file with problems is never run
        project = self.project(spec.environment)
        stores = project.stores_of(spec.pipeline)
        named = test.spec.store or spec.store
        if named is not None:
            return named
        number = record_of(test).get("store_id")
        found = next((code for code in stores if project.stores[code].store_id == number), None)
        if found is None and (len(stores) == 1 or number is not None):
            found = stores[0]
        if found is None:
            msg = f"the record names no store: write `store:`, one of {', '.join(stores)}"
            raise ConfigurationError(msg)
        return found

    def pipeline(self, file: MappingTestFile, test: MappingTest, store: str) -> Pipeline:
        """Compile the tested pipeline with the settings and lookups that the test wants.

        Raises:
            ConfigurationError: it cannot be compiled with these.
        """
        spec, given = file.spec, test.given
        assert spec is not None  # noqa: S101  a file with problems is never run
        project = self.project(spec.environment)
        name = spec.pipeline
        key = json.canonical([name, store, project.environment, given.settings, given.lookups])
        if key not in self._pipelines:
            site = project.site(name, store)
            site = replace(
                site,
                settings={**(site.settings or {}), **given.settings},
                lookups=_with_rows(dict(site.lookups or {}), given.lookups),
            )
            tree = project.effective(name, store)
            compiled = None if tree is None else compile_tree(tree, site)
            if compiled is None or compiled.pipeline is None:
                problems = "" if compiled is None else "; ".join(map(str, compiled.problems))
                msg = f"the pipeline cannot be used like this: {problems or 'see `m3nop validate`'}"
                raise ConfigurationError(msg)
            self._pipelines[key] = (
                compiled.pipeline if self._watch is None else self._watch(compiled.pipeline)
            )
        return self._pipelines[key]

    def rehearse(self, file: MappingTestFile, test: MappingTest, pipeline: Pipeline) -> Rehearsal:
        """Let the engine walk over the record of a test."""
        spec = file.spec
        assert spec is not None  # noqa: S101  a file with problems is never run
        record = record_of(test)
        setting = Setting(
            links={
                (one, key): m3
                for one, keys in test.given.links.items()
                for key, m3 in keys.items()
                if m3 is not None
            },
            now=_clock(test.spec.clock or spec.clock, record),
            zone=spec.time_zone or self._zone(pipeline, spec.environment),
            remembered=test.given.remembered,
            in_flight=test.given.in_flight,
            store_given=(test.spec.store or spec.store) is not None,
        )
        script = script_of(test.given)
        if spec.wire is None:
            return rehearse(pipeline, record, script, setting)
        # Only these tests need the connectors and vcrpy.
        from m3nop.app.testing.replay import replayed

        return replayed(
            self.project(spec.environment), file.path.parent / spec.wire.cassette, spec.pipeline,
            spec.wire.key,
            now=setting.now, script=script,
            play=lambda read, wired: rehearse(
                pipeline, merged_values(dict(read), dict(record)), wired, setting
            ),
        )  # fmt: skip

    def _zone(self, pipeline: Pipeline, environment: str | None) -> str:
        project = self.project(environment)
        for name in sorted(pipeline.connections):
            configured = str(getattr(project.connections[name], "time_zone", ""))
            if "/" in configured:
                return configured
        return "UTC"

    def _possible(self, expect: ExpectSpec, file: MappingTestFile) -> ExpectSpec:
        """Leave out expected calls that are optional, and that the connections cannot do."""
        spec = file.spec
        catalogs = self.project(spec.environment if spec else None).catalogs

        def possible(target: str) -> bool:
            connection, _, name = target.partition("/")
            catalog = catalogs.get(connection)
            return catalog is not None and catalog.operation(name) is not None

        kept = {
            name: [
                one for one in calls if not one.optional or possible(one.call or one.read or one.upsert or "")
            ]
            for name in ("calls", "reads")
            if (calls := getattr(expect, name)) is not None
        }
        return expect.model_copy(update=kept)


def record_of(test: MappingTest) -> Mapping[str, Json]:
    """Return the record that a test is given."""
    record: Any = next(iter((test.given.model_extra or {}).values()), {})
    return record if isinstance(record, Mapping) else {}


def _clock(given: Instant | None, record: Mapping[str, Json]) -> Instant:
    if given is not None:
        return given
    created = record.get("created_on_utc")
    try:
        return parse_instant(created) + DAY if isinstance(created, str) and created else _NO_DATE
    except ValueError:
        return _NO_DATE


def _with_rows(
    lookups: dict[str, Lookup | None], changes: Mapping[str, Mapping[str, Any]]
) -> dict[str, Lookup | None]:
    """Lay a test's rows over the lookups; null takes a row away."""
    for name, rows in changes.items():
        lookup = lookups.get(name) or Lookup(name)
        merged = dict(lookup.rows)
        for code, row in rows.items():
            if row is None:
                merged.pop(code, None)
            elif isinstance(row, Mapping):
                merged[code] = {
                    **merged.get(code, {}),
                    **{column: str(value) for column, value in row.items()},
                }
            else:
                merged[code] = {(lookup.columns or (VALUE,))[0]: str(row)}
        lookups[name] = replace(lookup, rows=merged)
    return lookups


def script_of(given: GivenSpec) -> Script:
    """Make a script of the answers that a test gives: by path, by step, by call."""
    answers = given.answers

    def answer(asked: Asked) -> Answer | None:
        path = asked.path
        # A look-up beside the steps (``compare:ID``, ``reasons:ID``) is no answer of the step itself.
        steps = () if ":" in path else _steps_of(path)
        names = (path, unquote(path), *steps, str(asked.target))
        rows = next((answers[name] for name in names if name in answers), None)
        return None if rows is None else _answered(rows)

    def answers_step(step: Step) -> bool:
        targets = {str(one.target) for one in (step.call, step.read, step.upsert) if one is not None}
        return any(name in targets or step.id in name.split("/") for name in answers)

    return Script(answer, answers_step)


def _steps_of(path: str) -> Sequence[str]:
    """Name the steps of a path, the innermost first (``lines/2001`` is of the step ``lines``)."""
    return tuple(reversed(path.split("/")[::2]))


def _answered(rows: list[dict[str, Any]]) -> Answer:
    refused = next((row for row in rows if REFUSED in row), None)
    if refused is None:
        return Answer(Outcome.DONE, tuple(rows))
    failure = Failure(
        Remedy.BUSINESS, str(refused[REFUSED]), code=str(refused.get("code", "")),
        field=str(refused.get("field", "")),
    )  # fmt: skip
    return Answer(Outcome.REFUSED, failure=failure)
