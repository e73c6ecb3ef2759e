from __future__ import annotations

import pytest
from sqlalchemy import event

from m3nop.core.records import Arrival, Attempt, AttemptState, CallState, Link, LoggedCall, RecordState

NOW = 1_000


@pytest.fixture
def state(path, opened):
    state = opened(path)
    with state.transaction() as tx:
        run = tx.start_run("orders", now=1, command="m3nop sync", definition="d")
        assert run == 1
        arrivals = [
            Arrival(
                "orders",
                str(number),
                "web",
                "",
                {},
                "f",
                number,
                RecordState.READY,
                not_before=number % 2 or None,
            )
            for number in range(50)
        ]
        tx.arrive(arrivals, now=1)
        for number in range(1, 51):
            attempt = Attempt(0, number, 1, AttemptState.OPEN, 1, {}, "d", f"R{number}", 1, sweep_at=number)
            (attempt_id,) = tx.open_attempts([attempt])
            call = LoggedCall(
                f"c{number}", number, attempt_id, run, "head", "erp", "X/Y", "unsafe", {}, CallState.DONE, 1
            )
            call.rows = [{"ORNO": f"00{number:08}"}]
            tx.log_calls([call])
            tx.put_link(Link("orders", str(number), str(number), f"00{number:08}", 1))
    return state


OPERATIONS = {
    "claim": lambda state, tx: tx.claim(["orders"], now=NOW, limit=5, run_id=1),
    "claim of keys": lambda state, tx: tx.claim(["orders"], now=NOW, limit=5, run_id=1, keys=["1", "2"]),
    "release_all": lambda state, tx: tx.release_all(now=NOW),
    "save_record": lambda state, tx: tx.save_record(state.record_by_id(3)),
    "wake_if_linked": lambda state, tx: tx.wake_if_linked("orders", "3"),
    "claim_sweeps": lambda state, tx: tx.claim_sweeps([3, 4], now=NOW, run_id=1),
    "unclaim": lambda state, tx: tx.unclaim(3),
    "save_if_unchanged": lambda state, tx: tx.save_if_unchanged(state.record_by_id(3)),
    "arrive": lambda state, tx: tx.arrive(
        [Arrival("orders", "3", "web", "", {}, "f", 3, RecordState.READY)], now=NOW
    ),
    "open_attempts": lambda state, tx: tx.open_attempts(
        [Attempt(0, 3, 2, AttemptState.OPEN, 1, {}, "d", "R3", 1)]
    ),
    "wake": lambda state, tx: tx.wake("orders", ["3"]),
    "save_attempts": lambda state, tx: tx.save_attempts([state.attempt(3)]),
    "move_records": lambda state, tx: tx.move_records([state.record_by_id(3)]),
    "answer_calls": lambda state, tx: tx.answer_calls(state.calls(3)),
    "put_link": lambda state, tx: tx.put_link(Link("orders", "3", "3", "4", 5)),
    "settle_dead_letters": lambda state, tx: tx.settle_dead_letters(3, now=1, settlement="retried"),
    "end_run": lambda state, tx: tx.end_run(1, now=NOW, result="ok", counts={}),
    "record": lambda state, tx: state.record("orders", "3"),
    "records due": lambda state, tx: state.records(
        "orders", states=[RecordState.WAITING, RecordState.DONE], due=NOW
    ),
    "records by key": lambda state, tx: state.records("orders", keys=["3"]),
    "compared": lambda state, tx: state.compared("orders", {"1": {}, "2": {}}),
    "known_keys": lambda state, tx: state.known_keys("orders", ["1", "2"]),
    "attempt": lambda state, tx: state.attempt(3),
    "attempts": lambda state, tx: state.attempts(3),
    "calls": lambda state, tx: state.calls(3),
    "run_calls": lambda state, tx: state.run_calls(3),
    "due_sweeps": lambda state, tx: state.due_sweeps(NOW, limit=5),
    "next_due": lambda state, tx: state.next_due(["orders"]),
    "count_created": lambda state, tx: state.count_created("orders", "", 1, 5),
    "owners_of": lambda state, tx: state.owners_of("erp", "ORNO", ["0000000003", "0000000004"]),
    "link": lambda state, tx: state.link("orders", "3"),
    "links_by_m3": lambda state, tx: state.links_by_m3("orders", ["0000000003", "0000000004"]),
    "links": lambda state, tx: state.links("orders", m3="0000000003"),
    "dead_letters": lambda state, tx: state.dead_letters(pipeline="orders"),
    "find": lambda state, tx: state.find("0000000003"),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_that_a_run_does_per_record_reads_a_whole_table(state, name):
    issued = []

    @event.listens_for(state._backend.engine, "before_cursor_execute")
    def note(*given):
        _, _, sql, parameters, _, many = given
        if not sql.startswith("BEGIN"):
            issued.append((sql, parameters[0] if many else parameters))

    with state.transaction() as tx:
        OPERATIONS[name](state, tx)
    event.remove(state._backend.engine, "before_cursor_execute", note)

    assert issued
    plans = []
    with state._backend.engine.connect() as connection:
        for sql, parameters in issued:
            plans.extend(
                row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
            )
    tables = ("records", "attempts", "calls", "links", "dead_letters", "document_numbers", "runs")
    assert [plan for plan in plans if plan in {f"SCAN {table}" for table in tables}] == []
    if name == "claim":
        assert [plan for plan in plans if "TEMP B-TREE" in plan] == []
