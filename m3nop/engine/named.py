"""Looks at records because an event named them: new ones are taken in, known ones are read again.

An event is a hint. Nothing that it says of a record is used but its key, and what the shop then shows is
judged as if a poll had found it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.records import RecordState
from m3nop.engine.sources import FETCH
from m3nop.mapping.pipeline import SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from m3nop.core.state import State
    from m3nop.engine.beside import Asking
    from m3nop.engine.intake import Intake
    from m3nop.engine.ports import Job
    from m3nop.engine.recheck import Recheck

_LONGEST_ID = 18
"""Digits of the largest id that a shop can give."""
_MAY_HAVE_NEWS = (RecordState.WAITING, RecordState.DONE)


class Named:
    """Looks at records that events named."""

    def __init__(self, state: State, *, intake: Intake, recheck: Recheck) -> None:
        self._state = state
        self._intake = intake
        self._recheck = recheck

    def look(self, job: Job, named: Mapping[str, float | None]) -> Asking[int]:
        """Look at records by their keys; return how many new ones were taken in.

        With each key comes for how many seconds the record is left alone after it was made; None for as long
        as the pipeline says.

        Raises:
            SourceError, AccessError: as the source does; what was committed stays.
        """
        count = 0
        for keys in _groups(list(named)):
            known = self._state.records(job.name, keys=keys)
            fresh = {key: named[key] for key in keys} if job.any.source.kind is SourceKind.RESOURCE else {}
            for record in known:
                fresh.pop(record.key, None)
            count += yield from self._intake.take_in(job, {k: q for k, q in fresh.items() if _is_id(k)})
            again = [record for record in known if record.state in _MAY_HAVE_NEWS]
            yield from self._recheck.look_at(job, again, named)
        return count


def _is_id(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) <= _LONGEST_ID and int(key) > 0


def _groups(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), FETCH):
        yield keys[start : start + FETCH]
