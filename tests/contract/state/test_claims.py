from __future__ import annotations

import pytest

from m3nop.core.records import RecordState


def keys(records) -> list[str]:
    return [record.key for record in records]


def test_a_claimed_record_is_in_flight_and_claimed_once(desk):
    desk.arrive("1", "2", "3")

    first, second = desk.claim(2), desk.claim(2)

    assert (keys(first), keys(second)) == (["1", "2"], ["3"])
    assert {record.state for record in first} == {RecordState.IN_FLIGHT}
    assert desk.record("1").state is RecordState.IN_FLIGHT
    assert desk.claim() == []


@pytest.mark.parametrize(
    "state", [state for state in RecordState if state not in (RecordState.READY, RecordState.PENDING)]
)
def test_only_ready_and_pending_records_are_claimed(desk, state):
    desk.arrive("1", state=state)

    assert desk.claim() == []


def test_the_longest_due_comes_first_whether_it_was_timed_or_not(desk, clock):
    clock.instant = 100
    desk.arrive("seen at 100")
    clock.instant = 200
    desk.arrive("seen at 200")
    desk.arrive("due at 150", state=RecordState.PENDING, not_before=150)
    desk.arrive("due at 50", not_before=50)
    clock.instant = 300

    assert keys(desk.claim()) == ["due at 50", "seen at 100", "due at 150", "seen at 200"]


def test_a_record_is_due_at_its_instant_and_not_before(desk, clock):
    desk.arrive("1", not_before=clock.now() + 1)
    assert desk.claim() == []

    clock.instant += 1

    assert keys(desk.claim()) == ["1"]


def test_a_ready_record_is_due_even_if_the_clock_was_set_back(desk, clock):
    desk.arrive("1")
    clock.instant = 0

    assert keys(desk.claim()) == ["1"]


def test_stores_take_turns_within_a_claim(desk):
    desk.arrive("a1", "a2", "a3", "a4", store="a")
    desk.arrive("b1", store="b")
    desk.arrive("c1", "c2", store="c")

    assert keys(desk.claim(6)) == ["a1", "b1", "c1", "a2", "c2", "a3"]


def test_stores_take_turns_from_one_claim_to_the_next(desk):
    desk.arrive("a1", "a2", "a3", store="a")
    desk.arrive("b1", "b2", store="b")

    claimed = [keys(desk.claim(1))[0] for _ in range(5)]

    assert claimed == ["a1", "b1", "a2", "b2", "a3"]


def test_a_claim_may_be_limited_to_stores_keys_and_pipelines(desk):
    desk.arrive("1", "2", "3", store="a")
    desk.arrive("4", "5", store="b")
    desk.arrive("1", store="b", pipeline="customers")

    assert keys(desk.claim(keys=["2", "5", "9"], stores=["b"])) == ["5"]
    assert keys(desk.claim(stores=["b"])) == ["4"]
    assert keys(desk.claim(keys=["3"])) == ["3"]
    assert keys(desk.claim(pipelines=("customers",))) == ["1"]
    assert keys(desk.claim(pipelines=("customers", "orders"))) == ["1", "2"]


def test_a_named_key_is_claimed_only_when_it_is_due(desk, clock):
    desk.arrive("1", not_before=clock.now() + 5)
    desk.arrive("2", state=RecordState.WAITING)

    assert desk.claim(keys=["1", "2"]) == []


def test_hundreds_of_keys_may_be_named(desk):
    names = [str(number) for number in range(1200)]
    desk.arrive(*names)

    assert len(desk.claim(2000, keys=names)) == 1200


def test_a_claim_of_none_takes_none(desk):
    desk.arrive("1")

    assert desk.claim(0) == []
    assert desk.claim(pipelines=()) == []


def test_what_a_dead_run_left_in_flight_is_ready_at_once(desk):
    desk.arrive("1", "2", state=RecordState.PENDING, not_before=desk.clock.now())
    desk.claim(1)

    with desk.state.transaction() as tx:
        released = tx.release_all(now=desk.clock.now())

    assert released == 1
    assert (desk.record("1").state, desk.record("1").not_before) == (RecordState.READY, None)
    assert desk.record("2").state is RecordState.PENDING
    assert desk.state.verify() == []
    assert sorted(keys(desk.claim())) == ["1", "2"]


def test_a_saved_record_gives_up_its_claim(desk):
    desk.arrive("1")
    [record] = desk.claim()

    desk.save(record, state=RecordState.READY)

    assert list(desk.state.stream("claims")) == []
    assert keys(desk.claim()) == ["1"]


def test_a_record_saved_in_flight_keeps_its_claim(desk):
    desk.arrive("1")
    [record] = desk.claim()

    desk.save(record, reason="half done")

    assert [claim["record_id"] for claim in desk.state.stream("claims")] == [record.id]
    assert desk.state.verify() == []


def test_a_record_wakes_when_what_it_waits_for_is_delivered(desk):
    desk.arrive("1", "2", "3")
    for key, needed in (("1", "77"), ("2", "77"), ("3", "78")):
        desk.save(
            desk.record(key), state=RecordState.BLOCKED, blocked_by=("customers", needed), reason="waits"
        )

    with desk.state.transaction() as tx:
        tx.wake("customers", ["77", "79"])
        tx.wake("items", ["78"])

    states = {
        record.key: (record.state, record.blocked_by, record.reason)
        for record in desk.state.records("orders")
    }
    assert states["1"] == states["2"] == (RecordState.READY, None, "")
    assert states["3"] == (RecordState.BLOCKED, ("customers", "78"), "waits")


def test_the_next_due_time_is_that_of_the_first_thing_to_do(desk, clock):
    state = desk.state
    assert state.next_due(["orders", "customers"]) is None
    desk.arrive("waiting", state=RecordState.WAITING, not_before=1)
    assert state.next_due(["orders"]) is None
    desk.arrive("later", not_before=500)
    desk.arrive("sooner", state=RecordState.PENDING, not_before=400)
    assert state.next_due(["orders"]) == 400
    assert state.next_due(["customers"]) is None
    desk.arrive("now", pipeline="customers")
    assert state.next_due(["orders", "customers"]) == 0


def test_due_records_are_listed_and_those_without_a_time_only_if_they_can_be_worked_on(desk):
    desk.arrive("timed", state=RecordState.DONE, not_before=10)
    desk.arrive("later", state=RecordState.WAITING, not_before=11)
    desk.arrive("finished", state=RecordState.DONE)
    desk.arrive("ready")
    both = [RecordState.WAITING, RecordState.DONE]

    assert keys(desk.state.records("orders", states=both, due=10)) == ["timed"]
    assert keys(desk.state.records("orders", due=10)) == ["timed", "ready"]
    assert keys(desk.state.records("orders", states=both)) == ["timed", "later", "finished"]


def test_records_are_listed_by_number_within_all_limits(desk):
    names = [str(number) for number in range(700)]
    desk.arrive(*names, store="a")
    desk.arrive("b1", "b2", store="b")

    assert keys(desk.state.records("orders", keys=[*reversed(names)], limit=3)) == ["0", "1", "2"]
    assert keys(desk.state.records("orders", stores=["b"])) == ["b1", "b2"]
    assert keys(desk.state.records("orders", limit=1)) == ["0"]
    assert desk.state.counts("orders", store="b") == {RecordState.READY: 2}
