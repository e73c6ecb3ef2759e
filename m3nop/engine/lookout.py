"""Takes over what M3 holds of records that this state knows nothing of, and enters nothing.

After a state was lost or an old copy was put back. A record that is found is linked; one that is not stays
exactly as it is, whatever its state, so that a kill at any time leaves nothing that the next run would enter
because somebody looked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.core.connector import Effect, Failure, Remedy
from m3nop.core.errors import AccessError, SourceError
from m3nop.core.records import AttemptState, CallState, RecordState
from m3nop.engine.actions import Finish, NeedLink, Send, Stop
from m3nop.engine.arrival import only_key
from m3nop.engine.claims import CLAIM, Claims, FetchFailed
from m3nop.engine.resting import rest
from m3nop.mapping.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from m3nop.core.records import Record
    from m3nop.engine.actions import Action
    from m3nop.engine.answers import Answers
    from m3nop.engine.parts import Parts
    from m3nop.engine.wish import Wish
    from m3nop.engine.work import Work

TAKEN_OVER = "taken_over"
"""Counts records that M3 holds already."""
NOT_FOUND = "not_found"
"""Counts records of which M3 holds nothing."""
NOT_TOLD = "not_told"
"""Counts records that could not be looked for: they cannot be mapped, or wait for another one."""

_LOOKED_FOR = (
    RecordState.READY, RecordState.BLOCKED, RecordState.WAITING, RecordState.BASELINED, RecordState.REVIEW,
    RecordState.DEAD,
)  # fmt: skip
_GOES_ON = (RecordState.READY, RecordState.BLOCKED)
"""States that the next run works on by itself."""
_UNSETTLED = (AttemptState.OPEN, AttemptState.UNDOING)


class Lookout(Claims):
    """Hands out records to look for, those that others require first, and puts them down again."""

    def __init__(self, parts: Parts, answers: Answers, wish: Wish) -> None:
        super().__init__(parts, answers, wish)
        self._pipeline = ""
        self._keys: list[str] = []
        self._looked: set[int] = set()
        self._needed: dict[tuple[str, str], set[int]] = {}
        """Records that could not be looked for without the link of another one."""

    def sweeps(self) -> Iterator[Work]:
        """Yield nothing: a sweep deletes."""
        return iter(())

    def leave_out(self, pipelines: Collection[str]) -> None:
        """Look for no more of these pipelines."""
        super().leave_out(pipelines)
        if self._pipeline in pipelines:
            self._keys = []

    def take(self, room: int) -> tuple[int, list[Work]]:
        """Return how many records were taken, and those to look for; one pipeline after the other.

        Raises:
            FetchFailed: what is only known by its key cannot be read.
        """
        if not self._keys and room == CLAIM:
            self._begin_pipeline()
        keys, self._keys = self._keys[:room], self._keys[room:]
        if not keys:
            return 0, []
        records = self._parts.state.records(self._pipeline, keys=keys)
        self._looked.update(record.id for record in records)
        works = [self._look_for(record) for record in self._whole(records)]
        return len(keys), [work for work in works if work is not None]

    def _begin_pipeline(self) -> None:
        """Go on to the first pipeline that has records that were not looked for, or can be by now."""
        # What was found so far has to be seen.
        self._parts.outbox.commit()
        for (pipeline, key), waiting in list(self._needed.items()):
            if self._parts.state.link(pipeline, key) is not None:
                self._looked -= waiting
                del self._needed[pipeline, key]
        for name in self._in_order():
            standing = self._parts.state.standing(name, _LOOKED_FOR)
            self._keys = [key for number, key in standing if number not in self._looked]
            self._pipeline = name
            if self._keys:
                return

    def _in_order(self) -> Iterable[str]:
        return (name for name in self._parts.jobs if name not in self._left_out)

    def _whole(self, records: Sequence[Record]) -> list[Record]:
        """Read what is only known by its key; what the shop no longer has is left alone."""
        job = self._parts.jobs[self._pipeline]
        unread = [record for record in records if record.snapshot is None]
        if unread and job.any.source.can_read_again:
            for partition in {record.partition for record in unread}:
                group = [record for record in unread if record.partition == partition]
                try:
                    found = self._parts.sources.fetch(job, partition, [record.key for record in group])
                except (AccessError, SourceError) as error:
                    raise FetchFailed(job.any.source.connection, error) from error
                for record in group:
                    record.snapshot = found.get(record.key)
        return [record for record in records if record.snapshot is not None]

    def _look_for(self, record: Record) -> Work | None:
        pipeline = self._parts.jobs[record.pipeline].by_store.get(record.store)
        attempt = self._parts.state.attempt(record.attempt_id) if record.attempt_id else None
        if pipeline is None or (attempt is not None and attempt.state in _UNSETTLED):
            # What was begun is probed by the next run.
            return None
        if pipeline.moves:
            # One movement is no proof that all of an old record is entered: it is never touched.
            known = record.state is RecordState.BASELINED
        else:
            known = (
                bool(record.commit_target) or self._parts.state.link(record.pipeline, record.key) is not None
            )
        if known:
            return None
        try:
            work = self._open(pipeline, record, None, number=attempt.number + 1 if attempt else 1)
        except EvaluationError:
            self._parts.tally.add(NOT_TOLD)
            return None
        work.only_look = True
        return work

    def holds(self, work: Work, action: Action) -> bool:
        """Decide what becomes of a record; False lets it read on, be finished, or go to a person."""
        match action:
            case Send() if action.target.operation.effect is Effect.READ:
                return False
            case Stop(failure=Failure(remedy=Remedy.IN_DOUBT)):
                return False
            case Finish() if self._is_whole(work):
                if work.attempt.committed or not work.pipeline.moves:
                    self._parts.tally.add(TAKEN_OVER)
                if work.attempt.committed and work.pipeline.moves:
                    # A payment and its refund are two movements.
                    self._looked.discard(work.record.id)
                return False
            case NeedLink():
                self._need(work, action)
            case _:
                pass
        self._put_down(work, action)
        return True

    def _is_whole(self, work: Work) -> bool:
        """Tell whether a record that needs nothing more was entered, or is as it should be."""
        enters_once = work.pipeline.commit_step is not None and not work.pipeline.moves
        return work.attempt.committed or (work.record.state in _GOES_ON and not enters_once)

    def _put_down(self, work: Work, action: Action) -> None:
        record, found = work.record, any(line.state is CallState.FOUND for line in work.log.values())
        if work.attempt.committed:
            self._parts.tally.add(TAKEN_OVER)
            record.not_before = None
            rest(self._parts, record, RecordState.READY, "taken over from M3; what follows is still to do")
        elif work.pipeline.commit_step is None and (found or isinstance(action, Finish)):
            self._parts.tally.add(TAKEN_OVER)
            self._link(work, found=found)
        else:
            self._parts.tally.add(NOT_FOUND if isinstance(action, Send) else NOT_TOLD)

    def _link(self, work: Work, *, found: bool) -> None:
        """Link what was found, though something of it is not as it should be; the next run sees to that."""
        record = work.record
        try:
            self._answers.link(work, origin="adopted")
        except EvaluationError as error:
            self._parts.tools.observer.note(f"{record.pipeline} {record.key}: link: {error}")
        if found and record.state not in _GOES_ON:
            work.attempt.state = AttemptState.DONE
            self._parts.outbox.attempt(work)
        self._parts.outbox.wake(record)

    def _need(self, work: Work, need: NeedLink) -> None:
        """Have the required record looked for, too; it is entered only if its own requirer would be."""
        record, now = work.record, self._parts.clock.now()
        self._needed.setdefault((need.pipeline, need.key), set()).add(record.id)
        if self._parts.state.record(need.pipeline, need.key) is not None:
            return
        state = RecordState.READY if record.state in _GOES_ON else RecordState.BASELINED
        key = only_key(
            need.pipeline, need.key, store=record.store, partition=record.partition, snapshot=need.record
        )
        wanted = replace(key, state=state)
        self._parts.outbox.also(lambda tx: tx.arrive([wanted], now=now))
