"""What the models of the engine have in common: how long they look, and what strikes the systems meanwhile."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

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
