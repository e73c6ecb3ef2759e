"""Reads a test's record, and what its steps read, from a recorded exchange."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from m3nop.app.reading import Reader
from m3nop.app.wire import replaying
from m3nop.core.connector import Call, Effect, Outcome
from m3nop.core.errors import AccessError, ConfigurationError, SourceError
from m3nop.engine.rehearsal import Script

if TYPE_CHECKING:
    from pathlib import Path

    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.core.connector import Answer
    from m3nop.core.json import Json
    from m3nop.engine.rehearsal import Asked, Rehearsal
    from m3nop.spec.project import LoadedProject

Play = Callable[[Mapping[str, Any], Script], "Rehearsal"]


def replayed(
    project: LoadedProject,
    cassette: Path,
    pipeline: str,
    key: str,
    *,
    now: Instant,
    script: Script,
    play: Play,
) -> Rehearsal:
    """Play a record whose systems answer from a cassette; the script's own answers come first.

    Raises:
        ConfigurationError: the exchange does not have what is asked for now.
    """
    try:
        with replaying(project, cassette, now=now) as session:
            arrival = Reader(session, pipeline).fetch(key)
            if arrival is None:
                msg = f"{cassette} has no record {key}"
                raise ConfigurationError(msg)
            return play(arrival.snapshot, _from_wire(session, script))
    except (AccessError, SourceError) as error:
        msg = f"{cassette} has no answer to what is asked now; capture it again: {error}"
        raise ConfigurationError(msg) from None


def _from_wire(session: Session, script: Script) -> Script:
    def answer(asked: Asked) -> Answer | None:
        given = script.answer(asked)
        if given is not None or asked.target.operation.effect is not Effect.READ or is_open(asked.fields):
            return given
        return ask(session, asked)

    return Script(answer, lambda step: step.read is not None or script.answers_step(step))


def ask(session: Session, asked: Asked) -> Answer:
    """Make a read.

    Raises:
        AccessError: the system cannot be asked.
    """
    call = Call("1", asked.target.operation, dict(asked.fields))
    answered = session.connection(asked.target.connection).send([call])[0]
    if answered.outcome not in (Outcome.DONE, Outcome.REFUSED):
        raise AccessError(str(answered.failure))
    return answered


def is_open(fields: Mapping[str, Json]) -> bool:
    """Tell whether a field holds an answer that nobody knows (``<NAME>``)."""
    return any(
        isinstance(value, str) and value.startswith("<") and value.endswith(">") for value in fields.values()
    )
