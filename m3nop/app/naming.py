"""How people name records: by key, or by pipeline and key (``orders/1042``) where a key is not enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.app.session import unknown
from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from m3nop.app.session import Session
    from m3nop.core.records import Record
    from m3nop.core.state import State
    from m3nop.engine.wish import Wish


def split_name(text: str, pipelines: Iterable[str]) -> tuple[str | None, str]:
    """Split ``orders/1042`` into pipeline and key; without a pipeline's name in front it is all key."""
    pipeline, slash, key = text.partition("/")
    return (pipeline, key) if slash and pipeline in pipelines else (None, text)


def records_named(state: State, text: str, pipelines: Iterable[str]) -> list[Record]:
    """List the records of this name: of the pipeline that it names, else of any."""
    names = tuple(pipelines)
    pipeline, key = split_name(text, names)
    found = (state.record(name, key) for name in ((pipeline,) if pipeline else names))
    return [record for record in found if record is not None]


def title(record: Record) -> str:
    """Name a record so that the name finds it again."""
    return f"{record.pipeline}/{record.key}"


def check_pipeline(name: str | None, known: Sequence[str]) -> None:
    """Refuse the name of a pipeline that the project does not have.

    Raises:
        UsageError: there is no such pipeline.
    """
    if name is not None and name not in known:
        raise UsageError(unknown("pipeline", name, known))


def check_keys(session: Session, wish: Wish, *, seen: Collection[str] = ()) -> None:
    """Refuse keys that no record has, once the sources were read; ``seen`` are those that a plan met.

    Raises:
        UsageError: there is no such record.
    """
    left = [key for key in wish.keys if key not in seen]
    if left and session.has_state():
        state = session.state(read_only=True)
        found = (state.records(name, keys=left, stores=wish.stores) for name in wish.pipelines)
        known = {record.key for records in found for record in records}
        left = [key for key in left if key not in known]
    if left:
        where = f" in {', '.join(wish.stores)}" if wish.stores else ""
        names = ", ".join(map(repr, left))
        msg = f"{', '.join(wish.pipelines)}{where} has no record {names}; `m3nop trace {left[0]}` tells why"
        raise UsageError(msg)


def check_reason(reason: str) -> str:
    """Return the reason that a person gave, tidied.

    Raises:
        UsageError: it is blank.
    """
    tidy = " ".join(reason.split())
    if not tidy:
        raise UsageError("--reason is blank; say why in a few words, for whoever reads the audit trail")
    return tidy
