from __future__ import annotations

import threading

import pytest

from m3nop import __version__
from m3nop.core.errors import UsageError
from m3nop.core.records import Attempt, AttemptState, CallState, Link, LoggedCall, RecordState


def link(key: str, shop: str, m3: str, **values) -> Link:
    return Link(**{"pipeline": "orders", "key": key, "shop": shop, "m3": m3, "linked_at": 1, **values})


def put(desk, *links) -> None:
    with desk.state.transaction() as tx:
        for one in links:
            tx.put_link(one)


def dead_letter(desk, key: str, **values) -> None:
    given = {
        "remedy": "business",
        "signature": "OIS100MI/AddBatchLine/WIT0103/ITNO",
        "message": "no such item",
        "step": "lines/1",
    }
    with desk.state.transaction() as tx:
        tx.add_dead_letter(desk.record(key), now=desk.clock.now(), **{**given, **values})


def test_a_link_is_found_by_either_side(desk):
    first, second = link("1", "101", "0010000001"), link("2", "102", "0010000002", origin="adopted")
    other = link("1", "101", "Y1001", pipeline="customers")
    put(desk, second, first, other)

    assert desk.state.link("orders", "1") == first
    assert desk.state.link("orders", "3") is None
    assert desk.state.links("orders") == [first, second]
    assert desk.state.links("orders", m3="0010000002") == [second]
    assert desk.state.links("orders", shop="101") == [first]
    assert desk.state.links("orders", shop="101", m3="0010000002") == []
    assert desk.state.links("orders", keys=["2", "9"]) == [second]


def test_a_newer_link_of_a_key_takes_the_place_of_the_older(desk):
    put(desk, link("1", "101", "A"), link("1", "101", "B", linked_at=2, origin="import"))

    assert desk.state.links("orders") == [link("1", "101", "B", linked_at=2, origin="import")]


def test_a_dead_letter_stays_after_it_was_settled(desk, clock):
    desk.arrive("1", "2", store="b2b")
    desk.arrive("9", pipeline="customers")
    dead_letter(desk, "1")
    dead_letter(desk, "2")

    with desk.state.transaction() as tx:
        tx.settle_dead_letters(desk.record("1").id, now=clock.now() + 1, settlement="retried")

    [left] = desk.state.dead_letters()
    settled, _ = desk.state.dead_letters(pipeline="orders", open_only=False)
    assert (left.key, left.store, left.message, left.settled_at) == ("2", "b2b", "no such item", None)
    assert (settled.key, settled.settled_at, settled.settlement) == ("1", clock.now() + 1, "retried")
    assert desk.state.dead_letters(pipeline="customers", open_only=False) == []


def test_settling_again_does_not_touch_what_is_settled(desk):
    desk.arrive("1")
    dead_letter(desk, "1")
    number = desk.record("1").id
    for settlement in ("retried", "discarded: twice"):
        with desk.state.transaction() as tx:
            tx.settle_dead_letters(number, now=1, settlement=settlement)

    assert [letter.settlement for letter in desk.state.dead_letters(open_only=False)] == ["retried"]


def test_runs_come_newest_first_and_a_joint_run_counts_for_each_pipeline(desk, clock):
    with desk.state.transaction() as tx:
        joint = tx.start_run("customers,orders", now=2, command="m3nop sync --all", definition="d2")
        tx.start_run("orders_b2b", now=3, command="m3nop sync", definition="d2", configuration="c2")
        tx.end_run(joint, now=5, result="problems", counts={"read": 3}, message="one is dead")

    assert [run.id for run in desk.state.runs()] == [joint + 1, joint, desk.run_id]
    assert [run.id for run in desk.state.runs(pipeline="orders")] == [joint, desk.run_id]
    assert [run.id for run in desk.state.runs(pipeline="customers")] == [joint]
    assert len(desk.state.runs(limit=1)) == 1
    run = desk.state.runs(pipeline="customers")[0]
    assert (run.started_at, run.ended_at, run.result, run.counts, run.message) == (
        2,
        5,
        "problems",
        {"read": 3},
        "one is dead",
    )
    last = desk.state.runs(pipeline="orders_b2b")[0]
    assert (last.result, last.configuration, last.version) == ("running", "c2", __version__)
    assert run.configuration is None


def test_what_was_done_by_hand_is_told_newest_first(desk):
    with desk.state.transaction() as tx:
        tx.audit(now=1, actor="ops", action="release", subject="orders 1", detail=None)
        tx.audit(now=2, actor="ops", action="discard", subject="orders 2", detail={"reason": "test order"})

    newest, older, setup = desk.state.audit_entries()
    assert (newest["action"], newest["detail"], older["subject"]) == (
        "discard",
        {"reason": "test order"},
        "orders 1",
    )
    assert (setup["action"], setup["subject"]) == ("epoch", "1")
    assert len(desk.state.audit_entries(limit=1)) == 1
    assert desk.state.verify() == []


@pytest.fixture
def traced(desk):
    """A record with a reference, a link, and calls that sent and answered numbers."""
    desk.arrive("1042", snapshot={"id": 1042, "custom_order_number": "W-77", "coupon": ""})
    desk.arrive("1043", snapshot={"id": 1043, "note": 'not "W-77"'})
    record = desk.record("1042")
    attempt = Attempt(0, record.id, 1, AttemptState.OPEN, 1, {}, "d1", "WEB-1042", 1)
    with desk.state.transaction() as tx:
        (attempt.id,) = tx.open_attempts([attempt])
        sent = {"CUOR": "WEB-1042", "TX60": "50 % off_season"}
        tx.log_calls([
            LoggedCall("c1", record.id, attempt.id, desk.run_id, "head", "erp", "OIS100MI/AddBatchHead", "unsafe", sent,
                       CallState.DONE, 1, rows=[{"ORNO": "0000104711"}]),
            LoggedCall("c2", record.id, attempt.id, desk.run_id, "probe:confirm", "erp", "OIS275MI/GetTmpOrderStat", "read", {},
                       CallState.DONE, 1, rows=[{"ORNR": "0010000009"}]),
        ])  # fmt: skip
        tx.put_link(link("1042", "101", "0010000001"))
    return record


@pytest.mark.parametrize(
    "text",
    ["1042", "WEB-1042", "0000104711", "101", "0010000001", "0010000009", "W-77", "50 % off_season"],
)
def test_a_record_is_found_by_every_number_it_has(desk, traced, text):
    assert [record.id for record in desk.state.find(text)] == [traced.id]


@pytest.mark.parametrize("text", ["104", "W-7_", "%", "50 % offXseason", ""])
def test_a_part_of_a_number_finds_nothing(desk, traced, text):
    assert desk.state.find(text) == []


def test_a_key_finds_the_records_of_every_pipeline(desk):
    desk.arrive("1")
    desk.arrive("1", pipeline="customers")

    assert {record.pipeline for record in desk.state.find("1")} == {"orders", "customers"}


def test_a_table_is_read_row_by_row(desk):
    desk.arrive(*map(str, range(1300)), snapshot={"a": 1})

    rows = desk.state.stream("records")

    assert next(rows)["key"] == "0"
    assert [row["key"] for row in rows] == [str(number) for number in range(1, 1300)]


def test_the_records_of_a_pipeline_are_read_one_by_one_with_their_snapshots(desk):
    desk.arrive(*map(str, range(700)), snapshot={"a": 1})
    desk.arrive("7", pipeline="customers", snapshot={"a": 2})

    found = list(desk.state.each_record("orders"))

    assert [record.key for record in found] == [str(number) for number in range(700)]
    assert all(record.snapshot == {"a": 1} for record in found)


def test_an_unknown_table_is_refused_with_those_that_exist(desk):
    with pytest.raises(UsageError, match=r"no table sqlite_master; there are alerts, attempts, audit"):
        desk.state.stream("sqlite_master")


def test_reads_see_what_was_committed_while_a_transaction_is_open(desk):
    desk.arrive("1")
    with desk.state.transaction() as tx:
        tx.save_record(changed := desk.record("1"))
        changed.state = RecordState.DONE
        tx.save_record(changed)
        assert desk.record("1").state is RecordState.READY

    assert desk.record("1").state is RecordState.DONE


def test_a_transaction_within_a_transaction_is_refused(desk):
    with (
        pytest.raises(RuntimeError, match="within a transaction"),
        desk.state.transaction(),
        desk.state.transaction(),
    ):
        pass

    desk.arrive("1")
    assert desk.record("1").state is RecordState.READY


def test_threads_take_turns_in_writing(desk):
    def arrive(name: int) -> None:
        for number in range(20):
            desk.arrive(f"{name}-{number}")
            assert desk.state.record("orders", f"{name}-{number}") is not None

    threads = [threading.Thread(target=arrive, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert desk.state.counts("orders") == {RecordState.READY: 80}
