"""Dead letters: which belong together, what helps, and turning their records back or closing them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from msgspec import Struct
from msgspec.structs import replace

from m3nop.app.actor import current_user
from m3nop.app.auditing import note
from m3nop.app.naming import check_pipeline, check_reason, split_name
from m3nop.app.reviews import make_ready, save_decision
from m3nop.app.session import unknown
from m3nop.core.connector import Remedy
from m3nop.core.errors import UsageError
from m3nop.core.records import RecordState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.core.records import DeadLetter
    from m3nop.core.state import State

_ADVICE: Mapping[Remedy, str] = {
    Remedy.CONFIGURATION: "correct the mapping, a setting or a lookup, then retry",
    Remedy.AUTHENTICATION: "check the credentials and rights with `m3nop doctor`, then retry",
    Remedy.TRANSIENT: "retry when the system is well again",
    Remedy.WAITING: "retry when the system takes it again (a closed period, maintenance)",
    Remedy.BUSINESS: "put it right in the shop or in M3, or map it (a lookup), then retry",
    Remedy.IN_DOUBT: "look what M3 holds with `m3nop trace`, then retry: it is probed first",
    Remedy.SYSTEMIC: "put the system right, then retry",
}
_NO_ROW = re.compile(r"lookup '([^']+)' has no row for (?:text )?(.+?)(?:, in `|$)")
_GONE = "gone"
"""How the signature of what the shop no longer has begins."""


class Group(Struct, frozen=True):
    """Dead letters that one remedy may settle."""

    remedy: str
    signature: str
    advice: str
    letters: tuple[DeadLetter, ...]


class Choice(Struct, frozen=True):
    """Which dead letters a command is about: some by name, or all that the rest describes."""

    names: tuple[str, ...] = ()
    signature: str | None = None
    pipeline: str | None = None
    store: str | None = None
    remedy: str | None = None
    every: bool = False

    @property
    def describes(self) -> bool:
        """Whether it says which ones by what they have in common."""
        return any(one is not None for one in (self.signature, self.pipeline, self.store, self.remedy))

    def __contains__(self, letter: DeadLetter) -> bool:
        return (
            self.signature in (None, letter.signature)
            and self.pipeline in (None, letter.pipeline)
            and self.store in (None, letter.store)
            and self.remedy in (None, letter.remedy)
        )


def advice_for(letter: DeadLetter) -> str:
    """Say what may help."""
    if letter.signature.startswith(_GONE):
        return "discard it: the shop no longer has the record"
    missing = _NO_ROW.search(letter.message)
    if missing:
        return f"add a row for {missing[2]} to the lookup {missing[1]}, then retry"
    return _ADVICE.get(Remedy(letter.remedy), "retry") if letter.remedy in list(Remedy) else "retry"


def grouped(letters: Iterable[DeadLetter]) -> list[Group]:
    """Put letters of one remedy and signature together, the largest groups first."""
    groups: dict[tuple[str, str], list[DeadLetter]] = {}
    for letter in letters:
        groups.setdefault((letter.remedy, letter.signature), []).append(letter)
    found = [
        Group(remedy, signature, advice_for(members[-1]), tuple(members))
        for (remedy, signature), members in groups.items()
    ]
    return sorted(found, key=lambda group: -len(group.letters))


def new_groups(state: State, *, since: Instant) -> list[Group]:
    """Return the groups of open dead letters that had none before an instant."""
    groups = grouped(state.dead_letters())
    return [group for group in groups if all(letter.created_at >= since for letter in group.letters)]


def open_letters(session: Session, wanted: Choice, *, settled: bool = False) -> list[DeadLetter]:
    """List the dead letters that wait for somebody, or with ``settled`` all that ever were, oldest first.

    Raises:
        UsageError: there is no such pipeline, store or remedy.
    """
    _check(session, wanted)
    letters = session.state(read_only=True).dead_letters(pipeline=wanted.pipeline, open_only=not settled)
    return [letter for letter in letters if letter in wanted]


def find_letter(state: State, text: str, pipelines: Iterable[str]) -> DeadLetter:
    """Return the dead letter with this number, settled or not, or the last one of the record of this name.

    Raises:
        UsageError: there is none, or it is not plain which.
    """
    found = _named(state.dead_letters(open_only=False), text, tuple(pipelines))
    return found or _refuse_unknown(text, "dead letter")


def retry(session: Session, choice: Choice, *, wait: float = 0.0) -> list[DeadLetter]:
    """Turn the records of dead letters ready, all their tries before them; a run has to follow.

    Raises:
        UsageError: nothing is chosen, or there is no such dead letter.
        BusyError: a run goes on.
    """
    state, now = session.state(wait=wait), session.clock.now()
    chosen = _choose(session, choice, again=True)
    with state.transaction() as tx:
        for letter in chosen:
            record = state.record_by_id(letter.record_id)
            if record is None:
                continue
            before = replace(record)
            if record.state is RecordState.DEAD:
                attempt = state.attempt(record.attempt_id) if record.attempt_id else None
                make_ready(session, record, attempt, reason="retried")
                record.released = False
                save_decision(tx, record)
            tx.settle_dead_letters(record.id, now=now, settlement="retried")
            detail = {"dead_letter": letter.id, "message": letter.message}
            note(
                tx, now=now, actor=current_user(), action="retry", before=before, after=record, detail=detail
            )
    return chosen


def discard(session: Session, choice: Choice, *, reason: str, wait: float = 0.0) -> list[DeadLetter]:
    """Close dead letters; their records stay dead.

    Raises:
        UsageError: nothing is chosen, there is no such dead letter, or the reason is blank.
        BusyError: a run goes on.
    """
    why = check_reason(reason)
    state, now = session.state(wait=wait), session.clock.now()
    chosen = _choose(session, choice, again=False)
    with state.transaction() as tx:
        for letter in chosen:
            tx.settle_dead_letters(letter.record_id, now=now, settlement=f"discarded: {why}")
            detail = {"dead_letter": letter.id, "message": letter.message, "reason": why}
            subject = f"{letter.pipeline}/{letter.key}"
            tx.audit(now=now, actor=current_user(), action="discard", subject=subject, detail=detail)
    return chosen


def _choose(session: Session, choice: Choice, *, again: bool) -> list[DeadLetter]:
    """Return the chosen letters; ``again`` lets a name choose a settled one whose record is still dead."""
    if choice.names and (choice.describes or choice.every):
        raise UsageError("name dead letters, or describe them with --group, --pipeline or --all; not both")
    if not choice.names and not choice.describes and not choice.every:
        raise UsageError("say which: numbers or keys, --group SIGNATURE, --pipeline NAME, or --all")
    _check(session, choice)
    state, pipelines = session.state(), session.project.pipelines
    if choice.names:
        named = (_chosen_by_name(state, text, pipelines, again=again) for text in choice.names)
        return list({letter.record_id: letter for letter in named}.values())
    letters = state.dead_letters(pipeline=choice.pipeline)
    signatures = sorted({letter.signature for letter in letters})
    if choice.signature is not None and choice.signature not in signatures:
        raise UsageError(unknown("open group", choice.signature, signatures))
    return [letter for letter in letters if letter in choice]


def _check(session: Session, choice: Choice) -> None:
    check_pipeline(choice.pipeline, session.project.pipelines)
    if choice.store is not None and choice.store not in session.project.stores:
        raise UsageError(unknown("store", choice.store, session.project.stores))
    if choice.remedy is not None and choice.remedy not in list(Remedy):
        raise UsageError(unknown("remedy", choice.remedy, [str(remedy) for remedy in Remedy]))


def _chosen_by_name(state: State, text: str, pipelines: Sequence[str], *, again: bool) -> DeadLetter:
    letter = _named(state.dead_letters(), text, pipelines)
    if letter is not None:
        return letter
    settled = _named(state.dead_letters(open_only=False), text, pipelines)
    if settled is None:
        _refuse_unknown(text, "open dead letter")
    record = state.record_by_id(settled.record_id)
    if again and record is not None and record.state is RecordState.DEAD:
        return settled
    where = f", and its record is {record.state}" if record is not None else ""
    msg = (
        f"dead letter {settled.id} ({settled.pipeline}/{settled.key}) is settled: {settled.settlement}{where}"
    )
    raise UsageError(msg)


def _named(pool: Sequence[DeadLetter], text: str, pipelines: Iterable[str]) -> DeadLetter | None:
    """Return the letter of this name; of several letters of one record the last.

    Raises:
        UsageError: the name fits several records.
    """
    pipeline, key = split_name(text, pipelines)
    number = text.removeprefix("id:")
    by_number = [letter for letter in pool if str(letter.id) == number]
    by_key = [letter for letter in pool if letter.key == key and pipeline in (None, letter.pipeline)]
    if number != text:
        by_key = []
    found = {letter.record_id: letter for letter in (*by_key, *by_number)}
    if len(found) > 1:
        ways = {letter.record_id: f"{letter.pipeline}/{letter.key}" for letter in by_key}
        ways |= {letter.record_id: f"id:{letter.id}" for letter in by_number}
        msg = f"{text} may be several dead letters; write {' or '.join(ways.values())}"
        raise UsageError(msg)
    return next(iter(found.values()), None)


def _refuse_unknown(text: str, what: str) -> NoReturn:
    msg = f"there is no {what} {text}; `m3nop dead-letters list` shows them"
    raise UsageError(msg)
