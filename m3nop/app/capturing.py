"""Keeps a real record as a fixture, with a test of what its pipeline makes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from m3nop.app.previewing import Subject, time_zone
from m3nop.app.scrubbing import scrubbed
from m3nop.app.testing.bench import Bench
from m3nop.app.testing.writing import expectation, yaml_text
from m3nop.core import json
from m3nop.core.clock import to_text
from m3nop.core.connector import Answer, Call, Effect, Outcome
from m3nop.core.errors import AccessError, UsageError
from m3nop.engine.rehearsal import Asked, Script, Setting, rehearse
from m3nop.spec.mapping_test_files import TESTS, load_test_file

if TYPE_CHECKING:
    from pathlib import Path

    from m3nop.app.session import Session
    from m3nop.core.json import Json

FIXTURES = "fixtures"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_NAMED = ("calls", "skipped", "link", "reference")


@dataclass(frozen=True, slots=True)
class Captured:
    """The files that were written."""

    fixture: Path
    test: Path
    reads: int
    """How many answers of reads stand in the test."""


def capture(
    session: Session,
    subject: Subject,
    *,
    name: str | None = None,
    scrub: bool = True,
    overwrite: bool = False,
) -> Captured:
    """Write a record as a fixture, and a test that says what its pipeline makes of it now.

    The reads of its steps are made, and their answers kept in the test.

    Raises:
        UsageError: the name cannot be used, or is taken.
        AccessError: a system cannot be read.
    """
    pipeline, key = subject.pipeline.name, subject.record.key
    chosen = name or f"{pipeline}_{re.sub(r'[^A-Za-z0-9_-]+', '_', key)}"
    if not _NAME.fullmatch(chosen):
        msg = f"{chosen!r} cannot name a file: use letters, digits, _ and -"
        raise UsageError(msg)
    folder = session.place.folder / TESTS
    fixture, test = folder / FIXTURES / f"{chosen}.json", folder / f"{chosen}.yaml"
    taken = [path for path in (fixture, test) if path.exists()]
    if taken and not overwrite:
        msg = f"{taken[0]} is there already; choose another --name, or --overwrite"
        raise UsageError(msg)
    snapshot: Any = subject.record.snapshot
    links, answers = _asked(session, subject)
    if scrub:
        snapshot, answers = scrubbed(snapshot), scrubbed(answers)
    document = {
        "pipeline": pipeline,
        "description": f"{subject.record.key}, {subject.origin}",
        **({"store": subject.pipeline.store.code} if not _says_store(session, subject) else {}),
        "clock": to_text(session.clock.now()),
        "time_zone": time_zone(session, subject.pipeline)[0],
        "given": {
            subject.pipeline.source.name: {"$fixture": f"{FIXTURES}/{fixture.name}"},
            **({"links": links} if links else {}),
            **({"remembered": subject.record.remembered} if subject.record.remembered else {}),
            **({"answers": answers} if answers else {}),
        },
        "tests": [{"name": f"{pipeline} {key} as it was captured", "expect": {"calls": []}}],
    }
    _write(fixture, f"{json.dumps(snapshot, indent=2)}\n")
    _write(test, yaml_text(document))
    file = load_test_file(test)
    verdict = Bench(session.project, environment=session.place.environment).run(file, file.tests[0])
    if verdict.found is not None:
        expect = expectation(verdict.found, _NAMED)
        document["tests"] = [{"name": f"{pipeline} {key} as it was captured", "expect": expect}]
        _write(test, yaml_text(document))
    return Captured(fixture, test, len(answers))


def _says_store(session: Session, subject: Subject) -> bool:
    snapshot: Any = subject.record.snapshot
    number = snapshot.get("store_id") if isinstance(snapshot, Mapping) else None
    return number == session.project.stores[subject.pipeline.store.code].store_id


def _asked(session: Session, subject: Subject) -> tuple[dict[str, dict[str, str]], dict[str, Json]]:
    """Walk over the record as it is; return the links that it needs, and what its reads answered."""
    answers: dict[str, Json] = {}
    known = {}
    if subject.link is not None:
        known[subject.link.pipeline, subject.link.key] = subject.link.m3

    def answer(asked: Asked) -> Answer | None:
        if asked.target.operation.effect is not Effect.READ or _unknown(asked.fields):
            return None
        call = Call("1", asked.target.operation, dict(asked.fields))
        answered = session.connection(asked.target.connection).send([call])[0]
        if answered.outcome not in (Outcome.DONE, Outcome.REFUSED):
            raise AccessError(str(answered.failure))
        answers[asked.path] = [dict(row) for row in answered.rows] or _refusal(answered)
        return answered

    script = Script(answer, lambda step: step.read is not None)
    zone = time_zone(session, subject.pipeline)[0]
    while True:
        setting = Setting(
            links=known,
            now=session.clock.now(),
            zone=zone,
            remembered=subject.record.remembered,
            store_given=True,
        )
        found = rehearse(subject.pipeline, dict(subject.record.snapshot), script, setting)
        new = {pair: _linked(subject, *pair) for pair in found.required}
        fresh = {pair: m3 for pair, m3 in new.items() if m3 is not None and pair not in known}
        if not fresh:
            break
        known.update(fresh)
    links: dict[str, dict[str, str]] = {}
    for (other, key), m3 in known.items():
        links.setdefault(other, {})[key] = m3
    return links, answers


def _refusal(answered: Answer) -> list[dict[str, Json]]:
    if answered.failure is None:
        return []
    return [{"$refused": answered.failure.message, "code": answered.failure.code}]


def _unknown(fields: Mapping[str, Json]) -> bool:
    return any(
        isinstance(value, str) and value.startswith("<") and value.endswith(">") for value in fields.values()
    )


def _linked(subject: Subject, pipeline: str, key: str) -> str | None:
    link = subject.state.link(pipeline, key) if subject.state is not None else None
    return None if link is None else link.m3


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}"
        raise UsageError(msg) from error
