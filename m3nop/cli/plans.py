"""Renders a plan: per record, each call with its field values, and what would be skipped and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from m3nop.cli.output import print_json, print_line, say

if TYPE_CHECKING:
    from m3nop.app.session import Session
    from m3nop.engine.plan import PlannedRecord
    from m3nop.engine.wish import Wish


def show_plan(session: Session, wish: Wish, *, as_json: bool) -> bool:
    """Print what a run would do; return whether anything would be sent."""
    from m3nop.app.naming import check_keys
    from m3nop.app.planning import open_planner

    acts, seen, documents = 0, set(), []
    with open_planner(session, wish.pipelines) as planner:
        for record in planner.plan(wish):
            acts += record.acts
            seen.add(record.key)
            if as_json:
                documents.append(_document(record))
                continue
            for line in _lines(record):
                print_line(line)
        check_keys(session, wish, seen=seen)
    if as_json:
        print_json({"environment": session.place.environment, "records": documents})
        return acts > 0
    say(f"plan for {', '.join(wish.pipelines)} in {session.place.environment}: {acts} records would be sent")
    return acts > 0


def _document(record: PlannedRecord) -> dict[str, Any]:
    return {
        "pipeline": record.pipeline, "key": record.key, "store": record.store, "state": str(record.state),
        "reason": record.reason, "acts": record.acts,
        "calls": [
            {
                "step": call.path, "call": call.target, "effect": call.effect, "fields": dict(call.fields),
                "from": dict(call.origins), "skipped": call.skipped, "problem": call.problem,
            }
            for call in record.calls
        ],
    }  # fmt: skip


def _lines(record: PlannedRecord) -> Iterator[str]:
    reason = f": {record.reason}" if record.reason else ""
    yield f"{record.pipeline} {record.key} ({record.store or 'no store'}) {record.state}{reason}"
    for call in record.calls:
        if call.skipped:
            yield f"  - {call.path}: skipped, {call.skipped}"
            continue
        yield f"  + {call.path}: {call.target}"
        width = max((len(name) for name in call.fields), default=0)
        for name, value in call.fields.items():
            yield f"      {name:<{width}} = {value}    <- {call.origins.get(name, '')}"
        if call.problem:
            yield f"      ! {call.problem}"
