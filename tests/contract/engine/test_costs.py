"""What a hundred orders cost, in numbers that do not depend on the machine: a change that makes them dearer shows.

Groups are of ten here, so that how long M3 takes does not decide how many requests there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from m3nop.core import json
from tests.contract.engine.bench import CLEAN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.engine.bench import Bench

ORDERS = 100
EXPECTED = {
    "requests to M3": 58,
    "transactions": 508,
    "bytes to M3": 98_954,
    "requests to the shop": 26,
    "commits": 28,
    "statements": 215,
    "rows bound": 2742,
}
MARGIN = 0.05


class Costs:
    """Counts what a run asks of the systems and of the state."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._engine = bench.state._backend.engine
        self._commits = self._statements = self._rows = 0

    def __enter__(self) -> Costs:
        event.listen(self._engine, "before_cursor_execute", self._note)
        self._bench.world.requests.clear()
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)

    def _note(self, *given: Any) -> None:
        _, _, sql, parameters, _, many = given
        self._commits += sql.startswith("BEGIN")
        self._statements += 1
        self._rows += len(parameters) if many else 1

    def found(self) -> dict[str, int]:
        by_system: dict[str, list[bytes]] = {"m3": [], "shop": []}
        for request in self._bench.world.requests:
            by_system[request.system].append(request.body)
        return {
            "requests to M3": len(by_system["m3"]),
            "transactions": sum(len(json.loads(body)["transactions"]) for body in by_system["m3"]),
            "bytes to M3": sum(map(len, by_system["m3"])),
            "requests to the shop": len(by_system["shop"]),
            "commits": self._commits,
            "statements": self._statements,
            "rows bound": self._rows,
        }


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    """A project whose customer is known already, so that orders are all that is left to do."""
    made = make_bench(
        dialect="oss", change=lambda text: text.replace("erp: {url", "erp: {group_size: 10, url")
    )
    made.place()
    made.run()
    return made


def test_a_hundred_orders_cost_what_they_did(bench: Bench) -> None:
    orders = [bench.place() for _ in range(ORDERS)]

    with Costs(bench) as costs:
        bench.run()

    assert bench.judge(*orders) == CLEAN
    assert costs.found() == {name: pytest.approx(number, rel=MARGIN) for name, number in EXPECTED.items()}
