from __future__ import annotations

from tests.contract.engine.bench import CLEAN, Bench


def test_an_order_is_entered(bench: Bench) -> None:
    order = bench.place()

    summary = bench.run()

    assert summary.result == "ok"
    assert bench.states()[str(order)] == "done"
    assert bench.judge(order) == CLEAN
