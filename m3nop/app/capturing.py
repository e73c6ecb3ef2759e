"""Keeps a real record as a fixture, with a test of what its pipeline makes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from m3nop.app.previewing import Subject, time_zone
from m3nop.app.reading import Reader
from m3nop.app.scrubbing import scrubbed
from m3nop.app.session import Session
from m3nop.app.testing.bench import Bench
from m3nop.app.testing.replay import ask, is_open
from m3nop.app.testing.writing import expectation, yaml_text
from m3nop.app.wire import recording
from m3nop.core import json
from m3nop.core.clock import to_text
from m3nop.core.connector import Answer, Effect
from m3nop.core.errors import UsageError
from m3nop.engine.rehearsal import Asked, Script, Setting, rehearse
from m3nop.spec.mapping_test_files import TESTS, load_test_file

if TYPE_CHECKING:
    from pathlib import Path

    from m3nop.core.json import Json

FIXTURES = "fixtures"
WIRE = "wire"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_NAMED = ("calls", "skipped", "link", "reference")


class Manner(Struct, frozen=True):
    """How a record is kept."""

    name: str | None = None
    """Of the files; the pipeline and the key unless given."""
    scrub: bool = True
    overwrite: bool = False
    wire: bool = False
    """Keep the exchange instead of the record."""


class Captured(Struct, frozen=True):
    """The files that were written."""

    kept: Path
    """The record, or the exchange."""
    test: Path
    reads: int
    """How many answers of reads stand in the test."""


def capture(session: Session, subject: Subject, manner: Manner) -> Captured:
    """Write a record as a fixture, and a test that says what its pipeline makes of it now.

    The reads of its steps are made, and their answers kept in the test. On the wire the whole exchange is
    kept instead, which the test plays again.

    Raises:
        UsageError: the name cannot be used, or is taken; vcrpy is not installed.
        AccessError: a system cannot be read.
    """
    kept, test = _places(session, subject, manner)
    given: dict[str, Any] = {}
    if manner.wire:
        kept.parent.mkdir(parents=True, exist_ok=True)
        links, _ = _recorded(session, subject, kept, scrub=manner.scrub)
        reads = 0
    else:
        links, answers = _asked(session, subject)
        reads = len(answers)
        given = {
            subject.pipeline.source.name: {"$fixture": f"{FIXTURES}/{kept.name}"},
            **({"answers": scrubbed(answers) if manner.scrub else answers} if answers else {}),
        }
        snapshot: Any = subject.record.snapshot
        _write(kept, f"{json.dumps(scrubbed(snapshot) if manner.scrub else snapshot, indent=2)}\n")
    if links:
        given["links"] = links
    if subject.record.remembered:
        given["remembered"] = subject.record.remembered
    head = _head(session, subject, manner, kept)
    name = f"{subject.pipeline.name} {subject.record.key} as it was captured"
    document = {**head, "given": given, "tests": [{"name": name, "expect": {"calls": []}}]}
    _write(test, yaml_text(document))
    file = load_test_file(test)
    verdict = Bench(session.project, environment=session.place.environment).run(file, file.tests[0])
    if verdict.found is not None:
        expect = expectation(verdict.found, _NAMED)
        _write(test, yaml_text({**document, "tests": [{"name": name, "expect": expect}]}))
    return Captured(kept, test, reads)


def _places(session: Session, subject: Subject, manner: Manner) -> tuple[Path, Path]:
    """Return where the record, or the exchange, and the test go.

    Raises:
        UsageError: the name cannot be used, or is taken.
    """
    key = re.sub(r"[^A-Za-z0-9_-]+", "_", subject.record.key)
    name = manner.name or f"{subject.pipeline.name}_{key}"
    if not _NAME.fullmatch(name):
        msg = f"{name!r} cannot name a file: use letters, digits, _ and -"
        raise UsageError(msg)
    folder = session.place.folder / TESTS
    kept = folder / WIRE / f"{name}.yaml" if manner.wire else folder / FIXTURES / f"{name}.json"
    places = (kept, folder / f"{name}.yaml")
    taken = [path for path in places if path.exists()]
    if taken and not manner.overwrite:
        msg = f"{taken[0]} is there already; choose another --name, or --overwrite"
        raise UsageError(msg)
    return places


def _head(session: Session, subject: Subject, manner: Manner, kept: Path) -> dict[str, Any]:
    pipeline = subject.pipeline
    head: dict[str, Any] = {
        "pipeline": pipeline.name,
        "description": f"{subject.record.key}, {subject.origin}",
    }
    if manner.wire:
        head["wire"] = {"cassette": f"{WIRE}/{kept.name}", "key": subject.record.key}
    if manner.wire or not _says_store(session, subject):
        head["store"] = pipeline.store.code
    zone, _ = time_zone(session, pipeline)
    return {**head, "clock": to_text(session.clock.now()), "time_zone": zone}


def _recorded(
    session: Session, subject: Subject, cassette: Path, *, scrub: bool
) -> tuple[dict[str, dict[str, str]], dict[str, Json]]:
    """Keep everything that is asked from the beginning on, by a session that knows nothing yet."""
    with (
        Session(session.place, session.project, command="capture") as fresh,
        recording(fresh, cassette, scrub=scrub),
    ):
        Reader(fresh, subject.pipeline.name).fetch(subject.record.key)
        return _asked(fresh, subject)


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
        if asked.target.operation.effect is not Effect.READ or is_open(asked.fields):
            return None
        answered = ask(session, asked)
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
