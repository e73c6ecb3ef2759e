"""Renders a plan: per record, each call with its field values, and what would be skipped and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from m3nop.cli.output import print_json, print_line, say

if TYPE_CHECKING:
    from m3nop.app.session import Session
    from m3nop.engine.plan import PlannedRecord
    from m3nop.engine.run import Wish


def show_plan(session: Session, wish: Wish, *, as_json: bool) -> bool:
    """Print what a run would do; return whether anything would be sent."""
    from m3nop.app.planning import open_planner

    acts = 0
    with open_planner(session, wish.pipelines) as planner:
        planned = planner.plan(wish)
        if as_json:
            records = [_document(record) for record in planned]
            acts = sum(bool(record["acts"]) for record in records)
            print_json({"environment": session.place.environment, "records": records})
            return acts > 0
        for record in planned:
            acts += record.acts
            for line in _lines(record):
                print_line(line)
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
