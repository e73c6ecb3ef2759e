"""What the models of the engine have in common: how long they look, and what strikes the systems meanwhile."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from m3nop.core import json

if TYPE_CHECKING:
    from collections.abc import Collection

    from hypothesis.strategies import SearchStrategy

    from m3nop.sandbox.world import Request
    from tests.contract.engine.bench import Bench

LONGER = int(os.environ.get("M3NOP_EXAMPLES", "0"))
"""So many examples, and others at each time, instead of the few of the gate, which are always the same."""
TIMEOUT = 36_000 if LONGER else 600
"""Seconds that a model may take."""


def patience(*, examples: int, steps: int) -> settings:
    """Return how many examples of how many steps a model tries."""
    return settings(
        max_examples=LONGER or examples,
        stateful_step_count=max(steps, 20) if LONGER else steps,
        deadline=None,
        derandomize=not LONGER,
        # Making the example smaller takes longer than finding it did.
        phases=(Phase.generate,) if LONGER else tuple(Phase),
        suppress_health_check=list(HealthCheck),
    )


def lost_answers(
    operations: SearchStrategy[str], *, system: str, late: tuple[float, ...] = ()
) -> SearchStrategy[dict[str, Any]]:
    """Return faults of requests as a whole: no answer or none that can be read, with the effect or without.

    ``late`` are the seconds after which a request may take effect that seemed lost.
    """
    common = {"operation": operations, "system": st.just(system), "nth": st.integers(1, 3)}
    spoilt = ["reset_before", "reset_after", "empty", "invalid_json", "content_type"]
    kinds = [
        st.fixed_dictionaries(
            {"kind": st.sampled_from(spoilt), "times": st.sampled_from([1, 1, 2, 5]), **common}
        ),
        st.fixed_dictionaries(
            {
                "kind": st.sampled_from(["status", "html"]),
                "status": st.sampled_from([429, 500, 502, 503, 504]),
                "effect": st.booleans(),
                "times": st.sampled_from([1, 1, 2, 5]),
                **common,
            }
        ),
        st.fixed_dictionaries({"kind": st.just("expired_token"), **common}),
    ]
    if late:
        kinds.append(
            st.fixed_dictionaries(
                {"kind": st.just("late_effect"), "seconds": st.sampled_from(late), **common}
            )
        )
    return st.one_of(kinds)


def strike(bench: Bench, faults: list[dict[str, Any]]) -> None:
    """Script faults."""
    for fault in faults:
        bench.fault(**fault)


def writes(bench: Bench) -> list[str]:
    """Return the requests that changed something in the shop, as far as the sandbox remembers."""
    return [
        f"{request.method} {request.path}"
        for request in bench.world.requests
        if request.system == "shop"
        and (
            request.method in ("PUT", "DELETE")
            or (request.method == "POST" and "token" not in request.path.lower())
        )
    ]


class Witness:
    """Looks at the call log whenever a request arrives, and at the attempts after each step."""

    def __init__(self, bench: Bench, acting: Collection[str]) -> None:
        self._bench = bench
        self._acting = acting
        self._unlogged: list[str] = []
        self._opened: dict[int, str] = {}
        bench.world.on_request.append(self._look)

    def forget(self) -> None:
        """Begin anew with a state that was put back."""
        self._opened.clear()

    def _look(self, request: Request) -> None:
        acting = Counter(name for name in request.operations if name in self._acting)
        if acting:
            lines = self._bench.state.stream("calls")
            sent = Counter(line["operation"] for line in lines if line["state"] == "sent")
            self._unlogged += (acting - sent).elements()

    def testify(self) -> None:
        """Say that calls were in the log before they arrived, one by one, and that attempts stayed as they were."""
        assert self._unlogged == []
        lines = self._bench.state.stream("calls")
        sent = Counter(line["record_id"] for line in lines if line["state"] == "sent")
        assert all(count == 1 for count in sent.values()), sent
        snapshots = {row["id"]: row["snapshot"] for row in self._bench.state.stream("snapshots")}
        for row in self._bench.state.stream("attempts"):
            frozen = json.digest(
                [
                    snapshots.get(row["snapshot_id"]),
                    *(row[name] for name in ("definition", "reference", "opened_at")),
                ]
            )
            assert self._opened.setdefault(row["id"], frozen) == frozen, row["reference"]
            assert not (row["committed"] and row["state"] in ("undoing", "undone")), row["reference"]
