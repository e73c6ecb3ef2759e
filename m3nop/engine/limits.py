"""The guard of a run: too many records that come to nothing are a fault somewhere, not news."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.connector import Effect
from m3nop.core.errors import PausedError
from m3nop.core.records import RecordState
from m3nop.engine.actions import Purpose, Send
from m3nop.engine.compare import comparable

if TYPE_CHECKING:
    from m3nop.core.state import State
    from m3nop.engine.actions import Action
    from m3nop.engine.work import Work
    from m3nop.mapping.pipeline import ToZero

_NOT_OURS = (RecordState.IGNORED, RecordState.BASELINED)


class Gate:
    """Counts the records of one pipeline that are about to come to nothing.

    A run passes twice: in the rehearsal everything is read and compared, and nothing is written. What is read
    again afterwards may be other than it was, so the count goes on.
    """

    def __init__(self, name: str, rule: ToZero, state: State) -> None:
        self._name = name
        self._rule = rule
        self._state = state
        self._total = 0
        self.rehearsing = True
        self._seen: set[int] = set()

    def holds(self, work: Work, action: Action) -> bool:
        """Look at what a record is about to do; True where it has to wait for the rehearsal's end.

        Raises:
            PausedError: the limit is exceeded.
        """
        if not isinstance(action, Send) or action.purpose is not Purpose.STEP or work.started:
            return False
        if action.target.operation.effect is Effect.READ:
            return False
        if self._comes_to_nothing(work):
            self._seen.add(work.record.id)
        if not self.rehearsing:
            self.judge()
        return self.rehearsing

    def judge(self) -> None:
        """Say whether the run may go on.

        Raises:
            PausedError: it may not.
        """
        count, rule = len(self._seen), self._rule
        if self.rehearsing:
            # Only now: which records are none of ours is known when all have been looked at.
            counts = self._state.counts(self._name)
            self._total = sum(number for where, number in counts.items() if where not in _NOT_OURS)
        if count < rule.at_least or count * 100 <= rule.percent * self._total:
            return
        written = "nothing was written" if self.rehearsing else "the rest was not written"
        msg = (
            f"{self._name}: {count} of {self._total} records would come to nothing, and {rule.percent} % is "
            f"the limit: {written}. If it is right all the same: m3nop sync {self._name} --allow-to-zero"
        )
        raise PausedError(msg)

    def _comes_to_nothing(self, work: Work) -> bool:
        rule, root = self._rule, work.root()
        if comparable(rule.value.evaluate(root, work.context)) != 0:
            return False
        before = None if rule.before is None else rule.before.evaluate(root, work.context)
        return before is None or comparable(before) != 0
